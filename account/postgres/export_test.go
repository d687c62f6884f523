package postgres

import (
	"context"
	"time"

	"github.com/sallyport-dev/sallyport/account"
)

// OpenWithin is Open with another bound on a transaction that stands still.
func OpenWithin(ctx context.Context, address string, idle time.Duration) (account.Store, error) {
	return open(ctx, address, bounds{idle: idle, whole: ours.whole})
}
