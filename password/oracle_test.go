package password_test

import (
	"testing"

	"github.com/ccojocar/zxcvbn-go/frequency"

	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/secret"
)

// P-06. The oracle is the list of zxcvbn, ranked by frequency; it is not part of this
// module and the embedded list was not made from it.
func TestErrata15_mostFrequentPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	policy, err := password.NewPolicy(password.PolicyConfig{MinLength: 8})
	if err != nil {
		t.Fatal(err)
	}
	var long, refused int
	for rank, pw := range frequency.Lists["Passwords"].List {
		if len(pw) < 8 {
			continue
		}
		long++
		if len(policy.Check(secret.New(pw))) > 0 {
			refused++
			continue
		}
		if long <= 3000 {
			t.Errorf("number %d, %q, is accepted", rank+1, pw)
		}
	}
	if long < 1000 {
		t.Fatalf("the oracle holds only %d passwords of 8 characters or more", long)
	}
	t.Logf("%d of the %d passwords of 8 characters or more are refused", refused, long)
}
