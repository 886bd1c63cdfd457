package command

import "context"

// QuickMain is Main with a vault that costs next to nothing, for scripts that
// open it dozens of times.
func QuickMain(ctx context.Context, version string, args []string) error {
	a := newApp(version)
	a.workFactor = 4
	return a.main(ctx, args)
}
