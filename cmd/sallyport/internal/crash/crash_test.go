package crash_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/cmd/sallyport/internal/crash"
)

func TestReporter(t *testing.T) {
	var log bytes.Buffer
	var places []string
	full := crash.NewReporter(slog.New(slog.NewTextHandler(&log, nil)), func(place string) {
		places = append(places,
			place)
	})
	for _, r := range []*crash.Reporter{full, crash.NewReporter(nil, nil), nil} {
		func() {
			defer r.Recover("a timer")
			panic("oops")
		}()
		read := func(broken bool) (err error) {
			defer r.Error("a reader", &err)
			if broken {
				panic(errors.New("no more"))
			}
			return nil
		}
		if err := read(true); !errors.Is(err, crash.ErrPanicked) {
			t.Errorf("a panic became %v", err)
		}
		if err := read(false); err != nil {
			t.Errorf("no panic became %v", err)
		}
	}
	if n := full.Count(); n != 2 || strings.Join(places, ",") != "a timer,a reader" {
		t.Errorf("counted %d, reported %q", n, places)
	}
	for _, want := range []string{"oops", "no more", "a timer", "a reader", "crash_test.go"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
}
