package dpop_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/token/dpop"
)

// once is a Replay for the example. One that is used must forget: package sallyport keeps used
// proofs where limits are counted.
type once struct{ used sync.Map }

func (o *once) Use(_ context.Context, key, id string, _ time.Duration) (first bool, err error) {
	_, loaded := o.used.LoadOrStore(key+" "+id, true)
	return !loaded, nil
}

// A client makes a key once, has a token bound to it, and makes a proof for each request. The
// server holds the proof to the request.
func Example() {
	key, err := token.GenerateKey(token.ES256)
	if err != nil {
		fmt.Println(err)
		return
	}
	const access = "the.access.token" // its cnf has {"jkt": key.Key().ID}

	proof, err := dpop.Sign(key, dpop.Proof{
		Method: "GET", URL: "https://api.example.com/notes?page=2", Token: access, Issued: time.Now(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// The client sends two fields:
	//   Authorization: DPoP the.access.token
	//   DPoP: <proof>

	verifier, err := dpop.New(dpop.Config{Replay: &once{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	request := dpop.Request{
		Proof: proof, Method: "GET", URLs: []string{"https://api.example.com/notes"},
		Token: access, Thumbprint: key.Key().ID,
	}
	for range 2 {
		_, err = verifier.Verify(context.Background(), request)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// dpop: replayed
}
