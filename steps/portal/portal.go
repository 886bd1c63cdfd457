// Package portal holds what DPC's two portals show, word for word. Sandbox and
// production are two applications with words of their own; a person reads them
// beside ours. This is the one table of them.
package portal

// Words are what one of the portals shows. Those of buttons, fields and headings are
// exactly as they stand there.
type Words struct {
	Name  string // "Sandbox"
	Box   string // what holds the tokens and the keys on the page: "box" or "card"
	Start string // address to sign in at, where no other is known

	Page           string // the page that lists tokens and keys, as "the start page"
	OrganizationID string // what stands before the organization's ID
	NPI            string // what stands before the NPI

	Tokens       string   // the box or card of the client tokens
	NewToken     string   // the button in it
	TokenLabel   string   // the field of the form
	CreateToken  string   // the button of the form
	TokenCreated string   // what the page begins with that shows the token
	TokenRefused []string // what it says where no token was made
	Token        string   // the field with the token on it
	LeaveToken   string   // the button that leaves that page

	Keys      string // the box or card of the public keys
	NewKey    string // the button in it
	KeyLabel  string // the fields of the form
	PublicKey string
	Snippet   string
	AddKey    string // the button of the form
	KeyID     string // the column with the key's ID

	Addresses  string // the card of the IP addresses, "" where there is none
	NewAddress string // the button in it
	Address    string // the field of the form
	AddAddress string // the button of the form
}

// Sandbox is the portal at sandbox.dpc.cms.gov.
var Sandbox = Words{
	Name: "Sandbox", Box: "box", Start: "https://sandbox.dpc.cms.gov/users/sign_in",
	Page: "the start page", OrganizationID: "ID:", NPI: "NPI:",
	Tokens: "Client tokens", NewToken: "New token", TokenLabel: "Label", CreateToken: "Create token",
	TokenCreated: "Success!",
	TokenRefused: []string{"Label required.", "Client token could not be created."}, Token: "Your token", LeaveToken: "Go to portal",
	Keys: "Public Keys", NewKey: "Add key", KeyLabel: "Label", PublicKey: "Public Key", Snippet: "Signature Snippet",
	AddKey: "Add key", KeyID: "Key ID",
}

// Production is the portal whose address is in CMS's invitation e-mail.
var Production = Words{
	Name: "Production", Box: "card", Start: "https://dpc.cms.gov",
	Page: "“Organization details”", OrganizationID: "Organization ID:", NPI: "NPI-2:",
	Tokens: "Client tokens", NewToken: "Generate token", TokenLabel: "Enter token name", CreateToken: "Generate token",
	TokenCreated: "Client token created",
	TokenRefused: []string{"No token name."}, Token: "Copy client token", LeaveToken: "Back to organization",
	Keys: "Public keys", NewKey: "Add key", KeyLabel: "Public key label", PublicKey: "Public key", Snippet: "Signature snippet",
	AddKey: "Add key", KeyID: "Key ID",
	Addresses: "Public IP addresses", NewAddress: "Add IP", Address: "Public IP address", AddAddress: "Add IP address",
}
