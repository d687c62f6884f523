package validate_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sallyport-dev/sallyport/problem"
	"github.com/sallyport-dev/sallyport/secret"
	"github.com/sallyport-dev/sallyport/validate"
)

// A body of its own for each route: what is not here, a client cannot set.
type NewUser struct {
	Username string        `json:"username" validate:"min=3,max=20,pattern=^[A-Za-z0-9_]+$"`
	Email    string        `json:"email" validate:"email"`
	Password secret.String `json:"password" validate:"min=8,max=128"`
}

// Must finds a wrong tag when the program starts.
var newUser = validate.Must[NewUser](validate.Config{Limit: 4 << 10})

func Example() {
	create := problem.Handler(func(w http.ResponseWriter, r *http.Request) error {
		user, err := newUser.Body(r)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, "welcome,", user.Username, user.Password)
		return nil
	})
	for _, body := range []string{
		`{"username": "ada", "email": "ada@lovelace.example", "password": "analytical engine"}`,
		`{"username": "al", "email": "nowhere", "password": "short", "admin": true}`,
	} {
		r := httptest.NewRequest("POST", "/users", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		create.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.ReplaceAll(strings.TrimSpace(w.Body.String()), `{"pointer"`, "\n  {\"pointer\""))
	}
	// Output:
	// 200 welcome, ada [redacted]
	// 422 {"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"The body is JSON, but not what is asked for here. errors says where.","code":"invalid_body","errors":[
	//   {"pointer":"/username","code":"too_short","detail":"must have 3 to 20 characters"},
	//   {"pointer":"/email","code":"not_email","detail":"must be an e-mail address such as name@host.example"},
	//   {"pointer":"/password","code":"too_short","detail":"must have 8 to 128 characters"},
	//   {"pointer":"/admin","code":"unknown_member","detail":"is not a member of this object"}]}
}

func ExampleBody() {
	r := httptest.NewRequest("POST", "/users", strings.NewReader("username=ada"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, err := validate.Body[NewUser](r)
	fmt.Println(err)
	// Output: 415 unsupported_media_type: Send the body as application/json.
}

func ExampleDecode() {
	type Order struct {
		ID    string         `json:"id" validate:"uuid"`
		Lines map[string]int `json:"lines" validate:"min=1,keys(len=3,pattern=^[A-Z]+$),each(min=1,max=99)"`
		Notes []string       `json:"notes" validate:"optional,max=5,each(min=1,max=200)"`
	}
	_, err := validate.Decode[Order]([]byte(`{"id": 7, "lines": {"ABC": 100}, "notes": ["", null]}`))
	fmt.Println(fieldsOf(err))
	// Output:
	// invalid_body
	// /id wrong_type: must be a string
	// /lines/ABC too_large: must be 1 to 99
	// /notes/0 too_short: must have 1 to 200 characters
	// /notes/1 null_not_allowed: must not be null; leave an optional member out
}

func ExampleNew() {
	type Page struct {
		Size int    `json:"size" validate:"min=1,max=ten"`
		Sort string `json:"sort" validate:"pattern=^up|down$"`
	}
	_, err := validate.New[Page](validate.Config{Depth: -1})
	fmt.Println(err)
	// Output:
	// validate: Depth "-1": must be 1 to 1000 levels
	// validate: validate_test.Page.Size "max=ten": must be a number the Go type can hold
	// validate: validate_test.Page.Sort "pattern=^up|down$": needs a max beside it, so that nobody can send it a megabyte to match
	// validate: validate_test.Page.Sort "pattern=^up|down$": must be anchored at both ends: ^(?:…)$
}

// A pattern can say which texts are wanted. It cannot say which are harmless: the text
// below is a name to this rule, and a broken query to a program that pastes it into SQL.
func ExampleDecode_incorrect() {
	type Search struct {
		Name string `json:"name" validate:"min=1,max=40"`
	}
	s, err := validate.Decode[Search]([]byte(`{"name": "x' OR '1'='1"}`))
	fmt.Println("SELECT … WHERE name = '"+s.Name+"'", err)
	// Output: SELECT … WHERE name = 'x' OR '1'='1' <nil>
}

func ExampleValue() {
	type Query struct {
		Limit int    `json:"limit" validate:"min=1,max=100"`
		Sort  string `json:"sort" validate:"optional,enum=name|age"`
	}
	for _, f := range validate.Value(Query{Limit: 500, Sort: "size"}) {
		fmt.Println(f.Pointer, f.Code, f.Detail)
	}
	// Output:
	// /limit too_large must be 1 to 100
	// /sort not_in_enum must be one of: name, age
}

func fieldsOf(err error) string {
	p, ok := errors.AsType[*problem.Problem](err)
	if !ok {
		return "no problem"
	}
	lines := []string{p.Code}
	for _, f := range p.Errors {
		lines = append(lines, f.Pointer+" "+f.Code+": "+f.Detail)
	}
	return strings.Join(lines, "\n")
}

func ExampleRequest() {
	type change struct {
		Path struct {
			ID string `json:"id" validate:"uuid"`
		}
		Query struct {
			Notify []string `json:"notify" validate:"optional,max=3,each(email)"`
		}
		Body struct {
			Title string `json:"title" validate:"min=1,max=80"`
		}
	}
	mux := http.NewServeMux()
	mux.Handle("PUT /notes/{id}", problem.Handler(func(w http.ResponseWriter, r *http.Request) error {
		in, err := validate.Request[change](r)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, in.Path.ID, in.Query.Notify, in.Body.Title)
		return nil
	}))
	r := httptest.NewRequest("PUT", "/notes/7?notify=nobody&admin=1", strings.NewReader(`{"title": ""}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Print(w.Code, strings.ReplaceAll(w.Body.String(), `{"`, "\n  {\""))
	// Output:
	// 422
	//   {"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"Parameters and body are not what is asked for here. errors says where.","code":"invalid_request","errors":[
	//   {"in":"path","parameter":"id","pointer":"","code":"not_uuid","detail":"must be a UUID in lower case"},
	//   {"in":"query","parameter":"notify","pointer":"/0","code":"not_email","detail":"must be an e-mail address such as name@host.example"},
	//   {"in":"query","parameter":"admin","pointer":"","code":"unknown_parameter","detail":"is not a parameter of this route"},
	//   {"pointer":"/title","code":"too_short","detail":"must have 1 to 80 characters"}]}
}
