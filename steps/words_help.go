package steps

// The words of the help on each step.

// help explains each step.
var help = map[ID]Help{
	Access: {
		What:  "The practice that is being connected to DPC, and which of DPC's two environments it is for.",
		Why:   "DPC knows a practice by its NPI. Sandbox has made-up patients, so that nothing can go wrong while you try.",
		Wrong: "CMS has not granted access yet: then the portal does not let you in. Ask at dpcinfo@cms.hhs.gov.",
		Kept:  "Name, NPI and environment are in a progress file on this computer. They are no secrets.",
	},
	Token: {
		What:  "A client token says which organization a request comes from. You create one in the portal.",
		Why:   "DPC takes requests from software only with a token of the organization's.",
		Wrong: "No “Success!” appears: go back in the portal and try again with a new label. One token is for one vendor.",
		Kept:  "Only the label is kept here. The token itself comes in the next step.",
	},
	Save: {
		What:  "The client token and the organization token, as the portal shows them.",
		Why:   "The vendor needs both. The portal shows the client token once and never again.",
		Wrong: "Half a token, or the token's ID in its place. Both are found out at once, before you leave the portal's page.",
		Kept:  "In this computer's keyring, or in the encrypted vault. Never in a plain file.",
	},
	Key: {
		What:  "Two halves: the public key goes to DPC, the private key proves that a request is yours.",
		Why:   "DPC checks each request against the public key. It asks for RSA with at least 4096 bits.",
		Wrong: "A key that was made on a web site may be known to others. This one never was outside of this computer.",
		Kept:  "The private key is in the keyring or the vault, the public key in the progress file.",
	},
	Add: {
		What:  "The portal's form for a public key: label, public key and signature snippet.",
		Why:   "The signature snippet proves to DPC that you hold the private key, without showing it.",
		Wrong: "A value is cut or changed on its way. Copy it again, or write the three values to files.",
		Kept:  "None of the three is secret.",
	},
	KeyID: {
		What:  "The ID under which DPC keeps your public key.",
		Why:   "Each request names it, so that DPC knows which key to check with.",
		Wrong: "The organization's ID, or another key's, in its place. The live check finds that out.",
		Kept:  "In the progress file. It is no secret.",
	},
	Check: {
		What:  "A sign-in to DPC with exactly what you saved.",
		Why:   "It shows now whether the vendor will be able to connect.",
		Wrong: "No network, a proxy in between, a wrong clock: those are told apart from a wrong credential.",
		Kept:  "The outcome and its time are in the progress file and in the package.",
	},
	Send: {
		What:  "One sealed file with the six items that the vendor needs.",
		Why:   "Whoever has these items can act as your organization, so they travel sealed.",
		Wrong: "The passphrase in the same message as the file. Say it over the phone.",
		Kept:  "The sealed file is where you chose. What was sent, when and to whom is in the progress file.",
	},
}

var (
	helpVault = Help{
		What:  "A safe place for the tokens and the private key.",
		Why:   "The portal shows the client token only once, so it must have a place before it exists.",
		Wrong: "A forgotten passphrase: the vault then stays closed, and tokens and key have to be made anew.",
		Kept:  "vault.age, beside the progress files, encrypted with age.",
	}
	helpFinish = Help{
		What:  "What was made and sent, and what ends when.",
		Why:   "A client token lasts a year. Before that day it needs to be replaced.",
		Wrong: "A lost package or passphrase: seal a new one here at any time.",
		Kept:  "The tokens and the key stay in safe storage until you run dpc-onboard forget.",
	}
)
