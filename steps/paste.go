package steps

import (
	"slices"
	"strings"

	"dpc-onboard/keys"
)

// Sort finds the fields that pasted text belongs in, by asking each what it
// recognizes: the focused field first, then the others. Text with several values
// is taken apart, but only where every part of it has a field: nothing that was
// pasted is ever dropped. What fits nowhere goes into the focused field, or the
// first where none has the focus, so that the person sees what is wrong with it.
func (p Prompt) Sort(pasted keys.Secret, focused string) map[string]keys.Secret {
	if len(p.Fields) == 0 {
		return nil
	}
	here := p.Fields[max(0, slices.IndexFunc(p.Fields, func(f Field) bool { return f.Name == focused }))]
	if here.fits(pasted) {
		return map[string]keys.Secret{here.Name: pasted}
	}
	if homes := p.homes(pasted); len(homes) == 1 {
		return map[string]keys.Secret{homes[0]: pasted}
	}
	if parts := p.takeApart(pasted); parts != nil {
		return parts
	}
	return map[string]keys.Secret{here.Name: pasted}
}

// fits reports whether a field recognizes a value for what it is. A field that
// takes any text claims nothing for itself.
func (f Field) fits(v keys.Secret) bool {
	if f.Kind == Choose || f.Check == nil {
		return false
	}
	recognized, err := f.Check(v)
	return err == nil && recognized != ""
}

// homes lists the fields that a value fits.
func (p Prompt) homes(v keys.Secret) []string {
	var names []string
	for _, f := range p.Fields {
		if f.fits(v) {
			names = append(names, f.Name)
		}
	}
	return names
}

// takeApart gives each word of a text to the field that it fits. The words that
// fit nowhere may be one value that was broken into lines. It returns nil where
// anything would be left over, or nothing was taken apart.
func (p Prompt) takeApart(pasted keys.Secret) map[string]keys.Secret {
	var whole []keys.Secret
	var rest strings.Builder
	for _, word := range strings.FieldsFunc(pasted.Reveal(), func(r rune) bool { return strings.ContainsRune(" \t\r\n,;", r) }) {
		if v := keys.NewSecret(word); len(p.homes(v)) > 0 {
			whole = append(whole, v)
		} else {
			rest.WriteString(word)
		}
	}
	if rest.Len() > 0 {
		whole = append(whole, keys.NewSecret(rest.String()))
	}
	if len(whole) < 2 {
		return nil
	}
	return p.assign(whole)
}

// assign gives each value a field of its own, the ones with the fewest to choose
// from first. It returns nil where one finds none.
func (p Prompt) assign(values []keys.Secret) map[string]keys.Secret {
	slices.SortStableFunc(values, func(a, b keys.Secret) int { return len(p.homes(a)) - len(p.homes(b)) })
	parts := map[string]keys.Secret{}
	for _, v := range values {
		free := slices.DeleteFunc(p.homes(v), func(name string) bool {
			_, taken := parts[name]
			return taken
		})
		if len(free) == 0 {
			return nil
		}
		parts[free[0]] = v
	}
	return parts
}
