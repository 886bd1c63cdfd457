package steps

import "dpc-onboard/keys"

// screens is the whole onboarding, in the guide's order. The first that applies
// and is not done is what comes next.
var screens = []screen{
	accessScreen,
	openScreen,
	storageScreen,
	tokenLabelScreen,
	tokenScreen,
	saveScreen,
	keyLabelScreen,
	importScreen,
	keyScreen,
	addScreen,
	keyIDScreen,
	checkScreen,
	sealScreen,
	passphraseScreen,
	recipientScreen,
	hostScreen,
	sftpScreen,
	requestScreen,
	itemsScreen,
	deliverScreen,
	finishScreen,
}

// stepDone is the usual rule: a screen is done when its step is.
func stepDone(id ID) func(Facts) bool {
	return func(f Facts) bool {
		_, ok := doneAt(f.State, id)
		return ok
	}
}

// leaveDetour ends what was begun on the way to a fact (changing a label,
// importing a pair, an upload), for Back, and names the screen that it began on,
// "" for the first that is not done. It says false where there is nothing to leave.
func leaveDetour(f Facts) (next Facts, at string, ok bool) {
	s := &f.Session
	switch {
	case s.EditLabel != "":
		at, s.EditLabel = string(s.EditLabel), ""
	case s.Import:
		at, s.Import = keyScreen.name, false
	case s.Host != nil:
		s.Host, s.Upload.Password, s.Upload.Trust = nil, keys.Secret{}, ""
	case s.Items != nil:
		at, s.Items = deliverScreen.name, nil
	case s.Delivery != "":
		at, s.Delivery, s.Upload.Password = deliverScreen.name, "", keys.Secret{}
	case s.Seal.Protect != "":
		at, s.Seal.Protect = sealScreen.name, ""
	case s.Resealing && f.State.packageRemoved():
		s.Resealing, s.SendAgain = false, false
	case s.Resealing:
		s.Resealing = false
	case s.SendAgain:
		s.SendAgain = false
	default:
		return f, "", false
	}
	return f, at, true
}
