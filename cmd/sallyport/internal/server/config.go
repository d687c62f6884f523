package server

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// Error is one mistake in a [Config].
type Error struct {
	// Field is the field of Config.
	Field string
	// Value is what it holds.
	Value string
	// Reason is the rule, and the remedy.
	Reason string
	// Err is the cause, if there is one.
	Err error
}

// Error names the field, its value, the rule and the remedy.
func (e *Error) Error() string {
	return "server: " + e.Field + " " + strconv.Quote(e.Value) + ": " + e.Reason
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// complete fills in the defaults and reports what cannot be.
func (c *Config) complete() (errs []error) {
	for _, f := range []struct {
		name  string
		value *time.Duration
		usual time.Duration
	}{
		{"HeaderTimeout", &c.HeaderTimeout, DefaultHeaderTimeout},
		{"BodyTimeout", &c.BodyTimeout, DefaultBodyTimeout},
		{"IdleTimeout", &c.IdleTimeout, DefaultIdleTimeout},
		{"WriteTimeout", &c.WriteTimeout, DefaultWriteTimeout},
		{"DrainTimeout", &c.DrainTimeout, DefaultDrainTimeout},
	} {
		if *f.value == 0 {
			*f.value = f.usual
		}
		if *f.value < 0 || *f.value > maxTimeout {
			errs = append(errs, &Error{Field: f.name, Value: f.value.String(), Reason: "must be between 0, which means " + f.usual.String() + ", and " + maxTimeout.String()})
		}
	}
	if c.MinRate == 0 {
		c.MinRate = DefaultMinRate
	}
	if c.MinRate < 1 || c.MinRate > maxMinRate {
		errs = append(errs, &Error{Field: "MinRate", Value: strconv.Itoa(c.MinRate),
			Reason: "must be between 1 and " + strconv.Itoa(maxMinRate) + " bytes a second, or 0 for " + strconv.Itoa(DefaultMinRate)})
	}
	if c.MaxHeaderBytes == 0 {
		c.MaxHeaderBytes = DefaultHeaderBytes
	}
	if c.MaxHeaderBytes < 1<<10 || c.MaxHeaderBytes > 1<<20 {
		errs = append(errs, &Error{Field: "MaxHeaderBytes", Value: strconv.Itoa(c.MaxHeaderBytes), Reason: "must be between 1024 and 1048576, or 0 for the default"})
	}
	if c.Handler == nil {
		errs = append(errs, &Error{Field: "Handler", Reason: "is missing; without it net/http would serve what any package has registered"})
	}
	return errs
}

func (c Config) wantsTLS() bool { return c.SelfSigned || c.TLSCert != "" || c.TLSKey != "" }

// address resolves Addr once, so that what is checked is what is bound.
func (c Config) address(secure bool) (*net.TCPAddr, error) {
	refuse := func(reason string, err error) (*net.TCPAddr, error) {
		return nil, &Error{Field: "Addr", Value: c.Addr, Reason: reason, Err: err}
	}
	_, port, err := net.SplitHostPort(c.Addr)
	if err != nil || port == "" {
		return refuse("must be host:port; write it as 127.0.0.1:8080, or :8443 for every address of this machine", err)
	}
	addr, err := net.ResolveTCPAddr("tcp", c.Addr)
	if err != nil {
		return refuse("cannot be resolved; use an address of this machine and a port from 0 to 65535", err)
	}
	if !secure && !c.InsecureCleartext && !addr.IP.IsLoopback() {
		return refuse("others can reach this address, and passwords and tokens would cross the network in cleartext; give --tls-cert and --tls-key, or --tls-self-signed for development, or listen on 127.0.0.1; behind a proxy that speaks TLS, say --insecure-cleartext", nil)
	}
	return addr, nil
}

// hostOf names the bound address the way the user wrote it, and an address that means
// every address as localhost.
func hostOf(addr string, bound net.Addr) string {
	host, _, _ := net.SplitHostPort(addr)
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, strconv.Itoa(bound.(*net.TCPAddr).Port))
}

// windowsInUse is WSAEADDRINUSE, which package syscall does not map.
const windowsInUse = syscall.Errno(10048)

// IsBusy reports whether err says that another program has the port, so that a
// caller may try another one.
func IsBusy(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || runtime.GOOS == "windows" && errors.Is(err, windowsInUse)
}

func bindError(addr string, err error) error {
	reason := "cannot be bound: " + err.Error()
	switch {
	case IsBusy(err):
		reason = "another program listens there; stop it, or choose another port"
	case errors.Is(err, fs.ErrPermission):
		reason = "this user may not listen there; choose a port from 1024 up, or grant the right to bind lower ones"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		reason = "this machine does not have that address; choose one it has, or leave the host empty for all"
	}
	return &Error{Field: "Addr", Value: addr, Reason: reason, Err: err}
}
