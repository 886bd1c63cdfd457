package steps

// screens is the whole onboarding, in the guide's order. The first that applies
// and is not done is what comes next.
var screens = []screen{
	accessScreen,
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
// importing a pair, an upload), for Back. It returns nil where there is nothing
// to leave.
func leaveDetour(f Facts) *Facts {
	s := &f.Session
	switch {
	case s.EditLabel != "":
		s.EditLabel = ""
	case s.Import:
		s.Import = false
	case s.Host != nil:
		s.Host = nil
	case s.Delivery != "":
		s.Delivery = ""
	case s.Seal.Protect != "":
		s.Seal.Protect = ""
	case s.Resealing:
		s.Resealing = false
	default:
		return nil
	}
	return &f
}
