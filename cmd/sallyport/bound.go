package main

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/sallyport-dev/sallyport"
	"github.com/sallyport-dev/sallyport/token/dpop"
)

// boundOptions are about tokens that are bound to a key of their client.
type boundOptions struct {
	publicURLs []string
	window     time.Duration
	nonce      bool
	clientCA   string
}

func (o *boundOptions) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.publicURLs, "public-url", nil,
		"`URL` by which clients reach the gate, for DPoP proofs; may be repeated (default: --issuer with accounts)")
	f.DurationVar(&o.window, "dpop-window", dpop.DefaultWindow, "how far the clock of a client may be off in a DPoP proof")
	f.BoolVar(&o.nonce, "dpop-nonce", false, "require a nonce of this gate's in each DPoP proof")
	f.StringVar(&o.clientCA, "tls-client-ca", "",
		"`FILE` with authorities (PEM) whose certificates clients may present, for tokens that are bound to one")
}

func (o *boundOptions) apply(cfg *sallyport.Config) {
	cfg.PublicURLs = o.publicURLs
	cfg.DPoP = sallyport.DPoP{Window: o.window, RequireNonce: o.nonce}
}
