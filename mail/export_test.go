package mail

import (
	"context"
	"net"
)

// SetDial gives an SMTP another way to its server.
func SetDial(s *SMTP, dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	s.dial = dial
}
