package secrets

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gokeyring "github.com/zalando/go-keyring"

	"dpc-onboard/keys"
	"dpc-onboard/steps/record"
)

const (
	testID   = "1234567893-production"
	testUser = testID + "/private-key"
)

const otherID = "1245319599-sandbox"

// newKeyring returns a keyring backend as Use makes one.
func newKeyring(b OSKeyring, limit time.Duration) *queue {
	k := &keyring{os: b, goos: runtime.GOOS}
	return &queue{backend: k, turn: make(chan struct{}, 1), limit: limit}
}

// text returns n different-looking characters.
func text(seed string, n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%s-%d;", seed, i)
	}
	return b.String()[:n]
}

func mustSave(t *testing.T, r *queue, user, value string) {
	t.Helper()
	if err := r.Save(t.Context(), user, keys.NewSecret(value)); err != nil {
		t.Fatalf("save %d bytes: %v", len(value), err)
	}
}

// stored returns what the backend over a keyring loads, "" for nothing.
func stored(t *testing.T, b OSKeyring, user string) string {
	t.Helper()
	value, err := newKeyring(b, time.Minute).Load(t.Context(), user)
	if errors.Is(err, record.ErrNoSecret) && !errors.Is(err, ErrDamaged) {
		return ""
	}
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return value.Reveal()
}

func TestKeyringKeepsEverySizeWithinEveryLimit(t *testing.T) {
	limits := map[string]func(string, string, string) error{
		"windows": windowsLimits,
		"macos":   macLimits,
		"both": func(s, u, v string) error {
			return errors.Join(windowsLimits(s, u, v), macLimits(s, u, v))
		},
	}
	// The longest name that Secrets lets through.
	user := testID + "/" + strings.Repeat("n", 32)
	for name, admit := range limits {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			m.admit = admit
			r := newKeyring(m, time.Minute)
			for _, n := range []int{1, 2047, 2048, 2049, 2560, 2561, 3272, 4096, 6400, maxParts * partSize} {
				value := text("v", n)
				mustSave(t, r, user, value)
				if got := stored(t, m, user); got != value {
					t.Fatalf("%d bytes came back as %d", n, len(got))
				}
			}
			if err := r.Save(t.Context(), user, keys.NewSecret(text("v", maxParts*partSize+1))); !errors.Is(err, gokeyring.ErrSetDataTooBig) {
				t.Fatalf("too long: %v", err)
			}
		})
	}
}

func TestKeyringLayout(t *testing.T) {
	m := newMemory()
	r := newKeyring(m, time.Minute)
	mustSave(t, r, testUser, text("old", 5000))
	mustSave(t, r, testUser, text("new", probeSize))
	names := m.names()
	slices.Sort(names)
	want := []string{
		"dpc-onboard:" + testUser,
		"dpc-onboard:" + testUser + "/b/1",
		"dpc-onboard:" + testUser + "/b/2",
	}
	if !slices.Equal(names, want) {
		t.Fatalf("stored %q, want %q", names, want)
	}
	if got := m.items["dpc-onboard:"+testUser]; !strings.HasPrefix(got, "dpc-onboard/1 b 2 3272 ") || len(got) != 23+64 {
		t.Fatalf("header %q", got)
	}
}

// TestKeyringSurvivesACrashAtEveryCall kills the machine in every call of a save, a
// replace and a delete, before and after the call has its effect, and once more
// in every call of the attempt that follows.
func TestKeyringSurvivesACrashAtEveryCall(t *testing.T) {
	cases := []struct{ name, before, after string }{
		{"first save", "", text("new", 5000)},
		{"longer", text("old", 100), text("new", 7000)},
		{"shorter", text("old", 7000), text("new", 100)},
		{"same size", text("old", probeSize), text("new", probeSize)},
		{"delete", text("old", 7000), ""},
		{"delete nothing", "", ""},
	}
	for _, c := range cases {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, late %v", c.name, late), func(t *testing.T) {
				crashes := 0
				for n := 1; ; n++ {
					m := newMemory()
					if c.before != "" {
						mustSave(t, newKeyring(m, time.Minute), testUser, c.before)
					}
					if !attempt(t, m, n, late, c.before, c.after) {
						break
					}
					crashes++
					for k := 1; attempt(t, clone(m), k, late, "", text("third", 4500)); k++ {
						crashes++
					}
				}
				if crashes == 0 {
					t.Fatal("nothing ever crashed")
				}
			})
		}
	}
}

func clone(m *memory) *memory {
	c := newMemory()
	for name, value := range m.items {
		c.items[name] = value
	}
	return c
}

// attempt saves after, or deletes where it is "", and dies in the nth call. It
// reports whether it died, having checked that what is stored then is whole, and
// that the next save and delete leave nothing behind. before "" also stands for
// whatever was there.
func attempt(t *testing.T, m *memory, n int, late bool, before, after string) bool {
	t.Helper()
	was := stored(t, m, testUser)
	if before != "" && was != before {
		t.Fatal("the value before is not there")
	}
	dying := &mortal{OSKeyring: m, left: n, late: late}
	r := newKeyring(dying, time.Minute)
	var err error
	if after == "" {
		err = r.Delete(t.Context(), testUser)
	} else {
		err = r.Save(t.Context(), testUser, keys.NewSecret(after))
	}
	died := dying.left <= 0
	got := stored(t, m, testUser)
	if got != was && got != after {
		t.Fatalf("call %d: stored %.20q…, which is neither the old nor the new value", n, got)
	}
	if err == nil && got != after {
		t.Fatalf("call %d: no error, and yet stored %.20q…", n, got)
	}
	if err != nil && !died {
		t.Fatalf("call %d: %v", n, err)
	}
	checkNoLeftovers(t, clone(m))
	return died
}

// checkNoLeftovers saves and deletes once more: a save leaves the header and its
// parts alone, a delete leaves nothing.
func checkNoLeftovers(t *testing.T, m *memory) {
	t.Helper()
	deleted := clone(m)
	if err := newKeyring(deleted, time.Minute).Delete(t.Context(), testUser); err != nil || len(deleted.items) != 0 {
		t.Fatalf("after a delete %q is left (%v)", deleted.names(), err)
	}
	mustSave(t, newKeyring(m, time.Minute), testUser, "short")
	if len(m.items) != 2 {
		t.Fatalf("after a save of one part %q is stored", m.names())
	}
}

func TestKeyringFindsDamage(t *testing.T) {
	name := func(suffix string) string { return "dpc-onboard:" + testUser + suffix }
	cases := []struct {
		name, want string
		harm       func(items map[string]string)
	}{
		{"missing part", "part 2 of 2 is missing", func(i map[string]string) { delete(i, name("/a/2")) }},
		{"changed part", "digest", func(i map[string]string) { i[name("/a/1")] = "x" + i[name("/a/1")][1:] }},
		{"longer part", "digest", func(i map[string]string) { i[name("/a/2")] += "x" }},
		{"swapped parts", "digest", func(i map[string]string) { i[name("/a/1")], i[name("/a/2")] = i[name("/a/2")], i[name("/a/1")] }},
		{"header of another program", "header can't be read", func(i map[string]string) { i[name("")] = "hunter2" }},
		{"newer header", "newer version", func(i map[string]string) { i[name("")] = "dpc-onboard/2 z" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory()
			r := newKeyring(m, time.Minute)
			secret := text("v", probeSize)
			mustSave(t, r, testUser, secret)
			c.harm(m.items)
			_, err := r.Load(t.Context(), testUser)
			if !errors.Is(err, ErrDamaged) || !errors.Is(err, record.ErrNoSecret) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want damage: %s", err, c.want)
			}
			if record.Hint(err) == "" || strings.Contains(err.Error(), secret[:10]) {
				t.Fatalf("%v has no hint, or holds the secret", err)
			}
			if err := r.Delete(t.Context(), testUser); err != nil {
				t.Fatal(err)
			}
			if len(m.items) != 0 {
				t.Fatalf("%q is left", m.names())
			}
		})
	}
}

func TestKeyringSavesOverDamageButNotOverNewer(t *testing.T) {
	m := newMemory()
	r := newKeyring(m, time.Minute)
	m.items["dpc-onboard:"+testUser] = "garbage"
	mustSave(t, r, testUser, "fresh")
	if got := stored(t, m, testUser); got != "fresh" {
		t.Fatalf("stored %q", got)
	}
	m.items["dpc-onboard:"+testUser] = "dpc-onboard/2 z"
	err := r.Save(t.Context(), testUser, keys.NewSecret("mine"))
	if !errors.Is(err, record.ErrStorage) || !strings.Contains(err.Error(), "newer") {
		t.Fatalf("got %v", err)
	}
}

// forgetful takes values and returns others.
type forgetful struct {
	*memory
	what string // suffix of the users that it falsifies
}

func (f forgetful) Set(service, user, value string) error {
	if strings.HasSuffix(user, f.what) {
		value = strings.ToUpper(value) + "!"
	}
	return f.memory.Set(service, user, value)
}

func TestKeyringSavedMeansReadBack(t *testing.T) {
	for _, what := range []string{"/a/1", "/a/2", "/b/1", "private-key"} {
		m := newMemory()
		if what == "/b/1" { // the second save
			mustSave(t, newKeyring(m, time.Minute), testUser, text("old", probeSize))
		}
		r := newKeyring(forgetful{m, what}, time.Minute)
		err := r.Save(t.Context(), testUser, keys.NewSecret(text("new", probeSize)))
		if !errors.Is(err, errReadBack) || !errors.Is(err, record.ErrStorage) || record.Hint(err) == "" {
			t.Errorf("%s: got %v", what, err)
		}
		if what == "/b/1" && stored(t, m, testUser) != text("old", probeSize) {
			t.Errorf("a keyring that falsifies cost the old value")
		}
	}
}

// switching replaces the value between the reads of a load.
type switching struct {
	*memory
	once sync.Once
	next string
}

func (s *switching) Get(service, user string) (string, error) {
	value, err := s.memory.Get(service, user)
	if strings.HasSuffix(user, "/a/1") {
		s.once.Do(func() {
			_ = newKeyring(s.memory, time.Minute).Save(context.Background(), testUser, keys.NewSecret(s.next))
		})
	}
	return value, err
}

func TestKeyringLoadMeetsAReplace(t *testing.T) {
	m := newMemory()
	mustSave(t, newKeyring(m, time.Minute), testUser, text("old", probeSize))
	s := &switching{memory: m, next: text("new", probeSize)}
	value, err := newKeyring(s, time.Minute).Load(t.Context(), testUser)
	if err != nil || value.Reveal() != s.next {
		t.Fatalf("got %d bytes, %v", value.Len(), err)
	}
}

// stuck is a keyring that waits for a person in its first call.
type stuck struct {
	*memory
	once   sync.Once
	unlock chan struct{}
}

func (s *stuck) Set(service, user, value string) error {
	s.once.Do(func() { <-s.unlock })
	return s.memory.Set(service, user, value)
}

func TestKeyringGivesUpWaitingAndLateResultsHarmNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stuck{memory: newMemory(), unlock: make(chan struct{})}
		r := newKeyring(s, Patience)
		began := time.Now()
		err := r.Save(t.Context(), testUser, keys.NewSecret(text("late", 5000)))
		if !errors.Is(err, ErrTimeout) || !errors.Is(err, record.ErrStorage) || record.Hint(err) == "" {
			t.Fatalf("got %v", err)
		}
		if waited := time.Since(began); waited != Patience {
			t.Fatalf("waited %v", waited)
		}
		// The call is still out there: the next one waits for it, and no longer.
		if err := r.Save(t.Context(), testUser, keys.NewSecret("next")); !errors.Is(err, ErrTimeout) {
			t.Fatalf("got %v", err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("the person pressed Esc"))
		if _, err := r.Load(ctx, testUser); !errors.Is(err, context.Canceled) || !errors.Is(err, record.ErrStorage) {
			t.Fatalf("got %v", err)
		}
		close(s.unlock) // the password, at last
		mustSave(t, r, testUser, "next")
		if got := stored(t, s.memory, testUser); got != "next" || len(s.items) != 2 {
			t.Fatalf("stored %.20q in %q", got, s.names())
		}
	})
}

func TestKeyringCanceledWhileWaiting(t *testing.T) {
	s := &stuck{memory: newMemory(), unlock: make(chan struct{})}
	r := newKeyring(s, Patience)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Save(ctx, testUser, keys.NewSecret("value")) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	close(s.unlock)
}

func TestKeyringByManyGoroutines(t *testing.T) {
	m := newMemory()
	r := newKeyring(m, time.Minute)
	var wg sync.WaitGroup
	for n := range 20 {
		wg.Go(func() {
			value := text(fmt.Sprint(n), 3000+100*n)
			if err := r.Save(t.Context(), testUser, keys.NewSecret(value)); err != nil {
				t.Error(err)
			}
			if _, err := r.Load(t.Context(), testUser); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	checkNoLeftovers(t, m)
}
