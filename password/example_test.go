package password_test

import (
	"context"
	"fmt"

	"github.com/sallyport-dev/sallyport/password"
	"github.com/sallyport-dev/sallyport/secret"
)

func Example() {
	hasher, err := password.New(password.Config{})
	if err != nil {
		panic(err)
	}
	policy, err := password.NewPolicy(password.PolicyConfig{Context: []string{"Acme"}})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()

	// Register.
	pw := secret.New("glacier tuba pickle margin")
	if violations := policy.Check(pw, "ada@example.org"); len(violations) > 0 {
		panic(violations[0].Detail)
	}
	stored, err := hasher.Hash(ctx, pw)
	if err != nil {
		panic(err) // errors.Is(err, password.ErrBusy): answer 503
	}
	fmt.Println(stored[:31])

	// Log in. For a name nobody has, pass "" as the stored hash.
	result, err := hasher.Verify(ctx, stored, pw)
	fmt.Println(result.OK, result.Rehash, err)
	result, err = hasher.Verify(ctx, "", pw)
	fmt.Println(result.OK, result.Rehash, err)

	// Output:
	// $argon2id$v=19$m=19456,t=2,p=1$
	// true false <nil>
	// false false <nil>
}

func ExamplePolicy_Check() {
	policy, err := password.NewPolicy(password.PolicyConfig{Context: []string{"Acme"}})
	if err != nil {
		panic(err)
	}
	for _, pw := range []string{"P@ssw0rd2026!", "acme-2026-acme", "tiny", "glacier tuba pickle margin"} {
		var codes []password.Code
		for _, v := range policy.Check(secret.New(pw), "ada@example.org") {
			codes = append(codes, v.Code)
		}
		fmt.Println(codes)
	}

	// Output:
	// [common]
	// [contains_context]
	// [too_short common]
	// []
}

// Answering early when there is no such user tells everybody who has an account: the
// answer comes in microseconds instead of tens of milliseconds.
func ExampleHasher_Verify_incorrect() {
	hasher, err := password.New(password.Config{})
	if err != nil {
		panic(err)
	}
	users := map[string]string{} // name to stored hash
	login := func(name string, pw secret.String) bool {
		stored, found := users[name]
		if !found {
			return false // wrong: let Verify have the empty hash instead
		}
		result, err := hasher.Verify(context.Background(), stored, pw)
		return err == nil && result.OK
	}
	fmt.Println(login("nobody", secret.New("glacier tuba pickle margin")))

	// Output: false
}
