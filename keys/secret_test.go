package keys_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"text/template"

	"dpc-onboard/keys"
	"dpc-onboard/keys/keystest"
)

const value = "correct horse battery staple"

type exported struct {
	Secret keys.Secret
	Pair   keys.Pair
	Inner  *exported
	All    []keys.Secret
	Named  map[string]keys.Pair
	Any    any
	Claims keys.Claims
}

type hidden struct {
	secret keys.Secret
	pair   keys.Pair
	inner  *hidden
	all    []keys.Secret
	named  map[string]keys.Pair
	any    any
	claims keys.Claims
}

// embedding promotes the methods of one of them and hides the other behind it.
type embedding struct {
	keys.Secret
	other keys.Pair
}

type wrapped struct{ secret keys.Secret }

func (w wrapped) Error() string { return fmt.Sprintf("saving %v failed", w.secret) }

// holders are all the ways in which a secret value lies inside of another.
func holders(t testing.TB) map[string]any {
	s, p := keys.NewSecret(value), keystest.Pair(t)
	c := keys.Claims{Token: s, KeyID: "id"}
	h := hidden{s, p, &hidden{secret: s, pair: p}, []keys.Secret{s}, map[string]keys.Pair{"a": p}, s, c}
	e := exported{s, p, &exported{Secret: s, Pair: p}, []keys.Secret{s}, map[string]keys.Pair{"a": p}, p, c}
	return map[string]any{
		"secret": s, "pair": p, "pointer to secret": &s, "pointer to pair": &p,
		"exported": e, "pointer to exported": &e, "hidden": h, "pointer to hidden": &h,
		"embedding": embedding{s, p}, "claims": c, "error": wrapped{s}, "pointer to error": &wrapped{s},
		"joined":  fmt.Errorf("%w, %+v", errors.Join(wrapped{s}, fmt.Errorf("%+v", h)), e),
		"slice":   []any{s, p, h},
		"map":     map[string]any{"s": s, "h": h},
		"reflect": reflect.ValueOf(h),
	}
}

// fragments are pieces of the secrets in the forms in which a leak would show, in
// lower case.
type fragments []string

func makeFragments(t testing.TB) fragments {
	key := raw(t, keystest.Pair(t))
	body := strings.Split(keystest.Pair(t).Private().Reveal(), "\n")
	all := []string{"horse", hex.EncodeToString([]byte("horse")), base64.StdEncoding.EncodeToString([]byte("correct horse ba"))[:16]}
	all = append(all, strings.Trim(fmt.Sprint([]byte("horse")), "[]"), "0x68, 0x6f")
	all = append(all, body[3], body[10], key.D.String()[:40], key.D.Text(16)[:40], key.Primes[0].String()[:40])
	word := uint(key.D.Bits()[1]) // as %v prints a big.Int inside of an unexported field
	all = append(all, fmt.Sprint(word), fmt.Sprintf("%x", word))
	return strings.Split(strings.ToLower(strings.Join(all, "|")), "|")
}

func (f fragments) in(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(f, func(piece string) bool { return strings.Contains(text, piece) })
}

// check fails where a text holds a piece of a secret.
func (f fragments) check(t *testing.T, how, text string) {
	t.Helper()
	if f.in(text) {
		t.Errorf("%s shows a secret", how)
	}
}

func TestFragmentsWouldBeFound(t *testing.T) {
	key := raw(t, keystest.Pair(t))
	for i, leak := range []string{
		value, fmt.Sprint([]byte(value)), fmt.Sprintf("%x", value), fmt.Sprintf("%#v", []byte(value)), fmt.Sprint(key),
		fmt.Sprintf("%#v", struct{ k any }{*key.D}), keystest.Pair(t).Private().Reveal(), fmt.Sprintf("%x", key.D),
	} {
		if !makeFragments(t).in(leak) {
			t.Errorf("leak %d would go unseen", i)
		}
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	flags := []string{"", "+", "#", "-", " ", "0", "+#", "40", ".3", "-40.10"}
	f := makeFragments(t)
	for name, h := range holders(t) {
		t.Run(name, func(t *testing.T) {
			for _, verb := range "vTtbcdoOqxXUeEfFgGspwz!" {
				for _, flag := range flags {
					format := "%" + flag + string(verb)
					f.check(t, format, fmt.Sprintf(format, h))
					f.check(t, "error with "+format, fmt.Errorf("a "+format, h).Error())
				}
			}
			f.check(t, "Sprint", fmt.Sprint(h))
			f.check(t, "Sprintln", fmt.Sprintln("a", h))
			f.check(t, "wrong argument", fmt.Sprintf("%d%!", h, h))
		})
	}
}

func TestNothingEncodesASecret(t *testing.T) {
	encoders := map[string]func(*bytes.Buffer, any) error{
		"JSON": func(b *bytes.Buffer, v any) error { return json.NewEncoder(b).Encode(v) },
		"XML":  func(b *bytes.Buffer, v any) error { return xml.NewEncoder(b).Encode(v) },
		"gob":  func(b *bytes.Buffer, v any) error { return gob.NewEncoder(b).Encode(v) },
		"log":  func(b *bytes.Buffer, v any) error { log.New(b, "", 0).Printf("%v %+v", v, v); return nil },
		"template": func(b *bytes.Buffer, v any) error {
			return template.Must(template.New("").Parse(`{{.}} {{printf "%#v" .}} {{js .}}`)).Execute(b, v)
		},
	}
	f := makeFragments(t)
	for name, h := range holders(t) {
		for format, encode := range encoders {
			t.Run(format+" "+name, func(t *testing.T) {
				var b bytes.Buffer
				if err := encode(&b, h); err != nil { // a refusal mustn't show it either
					f.check(t, "the error", err.Error())
				}
				f.check(t, "the output", b.String())
			})
		}
	}
}

func TestNothingLogsASecret(t *testing.T) {
	options := &slog.HandlerOptions{AddSource: true, Level: slog.LevelDebug}
	f := makeFragments(t)
	for name, h := range holders(t) {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			for _, handler := range []slog.Handler{slog.NewTextHandler(&b, options), slog.NewJSONHandler(&b, options)} {
				l := slog.New(handler)
				l.With("with", h).WithGroup("group").Debug("message", "attribute", h, slog.Any("any", h), slog.Group("g", "inner", h))
			}
			f.check(t, "the log", b.String())
			if !strings.Contains(b.String(), "attribute") {
				t.Error("nothing was logged")
			}
		})
	}
}

func TestNoPanicShowsASecret(t *testing.T) {
	f := makeFragments(t)
	for name, h := range holders(t) {
		t.Run(name, func(t *testing.T) {
			defer func() {
				r := recover()
				f.check(t, "the panic", fmt.Sprintf("panic: %v %+v %#v", r, r, r))
			}()
			panic(h)
		})
	}
}

func TestRedactedForms(t *testing.T) {
	const want = "[redacted]"
	s, p := keys.NewSecret(value), keystest.Pair(t)
	for how, got := range map[string]string{
		"String": s.String(), "GoString": s.GoString(), "slog": s.LogValue().String(), "%v": fmt.Sprintf("%v", s),
		"%d": fmt.Sprintf("%d", s), "%#x": fmt.Sprintf("%#x", s), "pair %d": fmt.Sprintf("%d", p),
		"pair String": p.String(), "pair GoString": p.GoString(), "pair slog": p.LogValue().String(), "pair %v": fmt.Sprintf("%v", p),
		"empty": fmt.Sprint(keys.Secret{}), "empty pair": fmt.Sprint(keys.Pair{}),
	} {
		if got != want {
			t.Errorf("%s: %q", how, got)
		}
	}
	if got := string(must[[]byte](t)(json.Marshal([]any{s, p}))); got != `["[redacted]","[redacted]"]` {
		t.Errorf("JSON: %s", got)
	}
}

// Printers such as spew follow pointers and read unexported fields. There must be
// nothing on their way but functions.
func TestReflectionEndsAtFunctions(t *testing.T) {
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Func:
		case reflect.Struct:
			for i := range v.NumField() {
				walk(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		default:
			t.Errorf("%s is a %s that a printer could follow", path, v.Kind())
		}
	}
	walk("Secret", reflect.ValueOf(keys.NewSecret(value)))
	walk("Pair", reflect.ValueOf(keystest.Pair(t)))
}

func TestSecret(t *testing.T) {
	s := keys.NewSecret(value)
	if s.Reveal() != value || s.Len() != len(value) || s.IsZero() {
		t.Error("the secret is not what was put in")
	}
	if !s.Equal(keys.NewSecret(value)) || s.Equal(keys.NewSecret(value+" ")) || s.Equal(keys.Secret{}) {
		t.Error("Equal is wrong")
	}
	// printf %s 'correct horse battery staple' | sha256sum
	if got := s.Digest(); got != "c4bbcb1fbec99d65" {
		t.Errorf("digest %s", got)
	}
	var zero keys.Secret
	if !zero.IsZero() || !keys.NewSecret("").IsZero() || zero.Reveal() != "" || zero.Len() != 0 || !zero.Equal(keys.NewSecret("")) {
		t.Error("the empty secret is not empty")
	}
}
