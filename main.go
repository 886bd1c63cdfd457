// Dpc-onboard takes a practice through the onboarding with CMS's Data at the
// Point of Care (DPC), and ends with one sealed file that holds the six items to
// hand over.
package main

import (
	"context"
	"os"

	"dpc-onboard/ui/command"
)

// version is set by a release build (-ldflags "-X main.version=…").
var version string

func main() {
	os.Exit(command.ExitCode(command.Main(context.Background(), version, os.Args[1:])))
}
