package token

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// rows is the one table: tests, fuzz seeds and benchmarks share it. The ids are those
// of the checklists the project keeps.
var rows = []row{
	{"fair", signed(claimsJSON(fair())), nil},
	{"without kid", headed(`{"alg":"ALG","typ":"at+jwt"}`), nil},
	{"J-16 type with prefix and case", headed(`{"alg":"ALG","kid":"KID","typ":"Application/AT+JWT"}`), nil},
	{"unknown header member", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","x5t":"abc"}`), nil},
	{"J-15 audience list", sealed("aud", []string{"other", audience1}), nil},
	{"J-15 second name", sealed("aud", "api"), nil},
	{"J-12 one second left", sealed("exp", now.Unix()+1), nil},
	{"J-13 date with a fraction", sealed("exp", float64(now.Unix())+0.5), nil},
	{"iat within leeway", sealed("iat", now.Unix()+5), nil},
	{"no scope", sealed("scope", nil), nil},
	{"no roles", sealed("roles", nil), nil},
	{"claims differing in case", signed(strings.Replace(claimsJSON(fair()), `"sub":"u1"`, `"sub":"u1","Sub":"root"`, 1)), nil},
	{"foreign claim", sealed("x", map[string]any{"a": []int{1}}), nil},

	// The token as a text.
	{"empty", func(*SigningKey) string { return "" }, ErrMalformed},
	{"J-22 a megabyte", mangled(func(s string) string { return s + strings.Repeat("A", 1<<20) }), ErrTooLarge},
	{"J-22 a header of 8 KiB", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","x":"` + strings.Repeat("a", 8<<10) + `"}`), ErrTooLarge},
	{"J-07 two parts", mangled(func(s string) string { return s[:strings.LastIndexByte(s, '.')] }), ErrMalformed},
	{"J-07 four parts", mangled(func(s string) string { return s + ".AAAA" }), ErrMalformed},
	{"J-08 five parts, as a JWE", mangled(func(s string) string { return s + ".AAAA.AAAA" }), ErrMalformed},
	{"J-07 dot at the end", mangled(func(s string) string { return s + "." }), ErrMalformed},
	{"J-07 padding", mangled(func(s string) string { return s + "=" }), ErrMalformed},
	{"J-07 padding in the header", mangled(func(s string) string { return strings.Replace(s, ".", "=.", 1) }), ErrMalformed},
	{"J-07 standard alphabet", mangled(func(s string) string { return s[:len(s)-2] + "+/" }), ErrMalformed},
	{"J-07 space before", mangled(func(s string) string { return " " + s }), ErrMalformed},
	{"J-07 line feed after", mangled(func(s string) string { return s + "\n" }), ErrMalformed},
	{"J-07 line feed inside the signature", mangled(func(s string) string { return s[:len(s)-5] + "\n" + s[len(s)-5:] }), ErrMalformed},
	{"J-07 carriage return in the payload", mangled(func(s string) string { return strings.Replace(s, ".", ".\r", 1) }), ErrMalformed},
	{"J-07 JSON serialisation", mangled(func(s string) string {
		p := strings.Split(s, ".")
		return fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, p[0], p[1], p[2])
	}), ErrMalformed},
	{"NUL", mangled(func(s string) string { return s + "\x00" }), ErrMalformed},
	{"not ASCII", mangled(func(s string) string { return s + "é" }), ErrMalformed},
	{"J-07 spare bits of the last character", mangled(flipLast), errAny},
	{"one character too many", mangled(func(s string) string { return s + "A" }), errAny},

	// The header.
	{"J-01 none, unsigned", func(*SigningKey) string { return unsigned(`{"alg":"none","typ":"at+jwt"}`, claimsJSON(fair()), "") }, ErrMalformed},
	{"J-01 none with a signature", headed(`{"alg":"none","kid":"KID","typ":"at+jwt"}`), ErrWrongAlgorithm},
	{"J-01 None", headed(`{"alg":"None","kid":"KID","typ":"at+jwt"}`), ErrWrongAlgorithm},
	{"J-01 nOnE", headed(`{"alg":"nOnE","kid":"KID","typ":"at+jwt"}`), ErrWrongAlgorithm},
	{"J-01 empty alg", headed(`{"alg":"","kid":"KID","typ":"at+jwt"}`), ErrWrongAlgorithm},
	{"no alg", headed(`{"kid":"KID","typ":"at+jwt"}`), ErrWrongAlgorithm},
	{"alg null", headed(`{"alg":null,"kid":"KID","typ":"at+jwt"}`), ErrWrongAlgorithm},
	{"alg a list", headed(`{"alg":["ALG"],"kid":"KID","typ":"at+jwt"}`), ErrBadHeader},
	{"alg in lower case", headed(`{"alg":"es256","kid":"KID","typ":"at+jwt"}`), ErrWrongAlgorithm},
	{"J-09 none first", headed(`{"alg":"none","alg":"ALG","kid":"KID","typ":"at+jwt"}`), ErrBadHeader},
	{"J-09 none last", headed(`{"alg":"ALG","alg":"none","kid":"KID","typ":"at+jwt"}`), ErrBadHeader},
	{"J-09 kid twice", headed(`{"alg":"ALG","kid":"x","kid":"KID","typ":"at+jwt"}`), ErrBadHeader},
	{"J-09 twice by escape", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","\u0061lg":"none"}`), ErrBadHeader},
	{"J-06 unknown crit", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","crit":["x"],"x":1}`), ErrBadHeader},
	{"J-06 empty crit", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","crit":[]}`), ErrBadHeader},
	{"J-06 crit names alg", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","crit":["alg"]}`), ErrBadHeader},
	{"J-06 crit is no list", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","crit":"exp"}`), ErrBadHeader},
	{"J-06 crit null", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","crit":null}`), ErrBadHeader},
	{"b64 false and crit", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","b64":false,"crit":["b64"]}`), ErrBadHeader},
	{"b64 false", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","b64":false}`), ErrBadHeader},
	{"J-04 jwk", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","jwk":{"kty":"oct","k":"AAAA"}}`), ErrBadHeader},
	{"J-04 jku", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","jku":"http://169.254.169.254/"}`), ErrBadHeader},
	{"J-04 x5u", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","x5u":"https://evil.example/"}`), ErrBadHeader},
	{"J-04 x5c", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","x5c":["AAAA"]}`), ErrBadHeader},
	{"J-21 zip", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","zip":"DEF"}`), ErrBadHeader},
	{"J-21 p2c", headed(`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483647,"typ":"at+jwt"}`), ErrBadHeader},
	{"J-08 nested JWT", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt","cty":"JWT"}`), ErrBadHeader},
	{"J-05 kid is a path", headed(`{"alg":"ALG","kid":"../../etc/passwd","typ":"at+jwt"}`), ErrUnknownKey},
	{"J-05 kid is SQL", headed(`{"alg":"ALG","kid":"' OR 1=1--","typ":"at+jwt"}`), ErrUnknownKey},
	{"J-05 kid of 10 kB", headed(`{"alg":"ALG","kid":"` + strings.Repeat("k", 5000) + `","typ":"at+jwt"}`), ErrBadHeader},
	{"J-05 kid with NUL", headed(`{"alg":"ALG","kid":"KID\u0000","typ":"at+jwt"}`), ErrUnknownKey},
	{"J-05 kid empty", headed(`{"alg":"ALG","kid":"","typ":"at+jwt"}`), ErrBadHeader},
	{"J-05 kid null", headed(`{"alg":"ALG","kid":null,"typ":"at+jwt"}`), ErrBadHeader},
	{"J-05 kid a number", headed(`{"alg":"ALG","kid":7,"typ":"at+jwt"}`), ErrBadHeader},
	{"J-16 typ JWT", headed(`{"alg":"ALG","kid":"KID","typ":"JWT"}`), ErrWrongType},
	{"J-16 no typ", headed(`{"alg":"ALG","kid":"KID"}`), ErrWrongType},
	{"J-16 ID token", headed(`{"alg":"ALG","kid":"KID","typ":"id+jwt"}`), ErrWrongType},
	{"J-16 logout token", headed(`{"alg":"ALG","kid":"KID","typ":"logout+jwt"}`), ErrWrongType},
	{"wrong typ dpop", headed(`{"alg":"ALG","kid":"KID","typ":"dpop+jwt"}`), ErrWrongType},
	{"J-16 a longer type", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt2"}`), ErrWrongType},
	{"typ a list", headed(`{"alg":"ALG","kid":"KID","typ":["at+jwt"]}`), ErrBadHeader},
	{"header is a list", headed(`["alg","ALG"]`), ErrBadHeader},
	{"header is not JSON", headed(`{"alg":"ALG"`), ErrBadHeader},
	{"white space around the header", headed(` {"alg":"ALG","kid":"KID","typ":"at+jwt"} `), ErrBadHeader},
	{"header in UTF-16", headed("\xff\xfe{\x00}\x00"), ErrBadHeader},
	{"byte order mark", headed("\ufeff" + `{"alg":"ALG","kid":"KID","typ":"at+jwt"}`), ErrBadHeader},
	{"two JSON values in the header", headed(`{"alg":"ALG","kid":"KID","typ":"at+jwt"}{}`), ErrBadHeader},

	// The signature.
	{"A-04 bit flipped", mangled(func(s string) string { return swapPart(s, 2, otherFirst(strings.Split(s, ".")[2])) }), ErrBadSignature},
	{"A-04 claims changed", mangled(func(s string) string {
		return swapPart(s, 1, base64.RawURLEncoding.EncodeToString([]byte(claimsJSON(with("sub", "root")))))
	}), ErrBadSignature},
	{"A-04 header changed", mangled(func(s string) string {
		h := must(base64.RawURLEncoding.DecodeString(strings.Split(s, ".")[0]))
		return swapPart(s, 0, base64.RawURLEncoding.EncodeToString(bytes.Replace(h, []byte(`{`), []byte(`{"x":1,`), 1)))
	}), ErrBadSignature},
	{"another's key, our kid", func(k *SigningKey) string { return forge(otherLike(k), head(k), claimsJSON(fair())) }, ErrBadSignature},

	// The claims.
	{"J-14 B's key, A's name", func(k *SigningKey) string {
		o := otherKey()
		return forge(o, head(o), claimsJSON(fair()))
	}, ErrUnknownKey},
	{"J-14 slash at the end", sealed("iss", issuerA+"/"), ErrUnknownIssuer},
	{"J-14 another case", sealed("iss", "https://A.example"), ErrUnknownIssuer},
	{"unknown issuer", sealed("iss", "https://evil.example"), ErrUnknownIssuer},
	{"no issuer", sealed("iss", nil), ErrUnknownIssuer},
	{"issuer a list", sealed("iss", []string{issuerA}), ErrBadClaims},
	{"no subject", sealed("sub", nil), ErrMissingClaim},
	{"empty subject", sealed("sub", ""), ErrBadClaims},
	{"subject a number", sealed("sub", 7), ErrBadClaims},
	{"subject null", signed(strings.Replace(claimsJSON(fair()), `"u1"`, `null`, 1)), ErrBadClaims},
	{"subject with a line feed", sealed("sub", "a\nb"), ErrBadClaims},
	{"subject too long", sealed("sub", strings.Repeat("a", 256)), ErrBadClaims},
	{"J-09 subject twice", signed(strings.Replace(claimsJSON(fair()), `"sub":"u1"`, `"sub":"u1","sub":"root"`, 1)), ErrBadClaims},
	{"J-09 subject twice by escape", signed(strings.Replace(claimsJSON(fair()), `"sub":"u1"`, `"sub":"u1","s\u0075b":"root"`, 1)), ErrBadClaims},
	{"J-09 expiry twice", signed(strings.Replace(claimsJSON(fair()), `"exp":`, `"exp":9999999999,"exp":`, 1)), ErrBadClaims},
	{"A-13 only Sub", signed(strings.Replace(claimsJSON(fair()), `"sub"`, `"Sub"`, 1)), ErrMissingClaim},
	{"J-12 no expiry", sealed("exp", nil), ErrMissingClaim},
	{"J-12 expires now", sealed("exp", now.Unix()), ErrExpired},
	{"expired", sealed("exp", now.Unix()-60), ErrExpired},
	{"expired within leeway", sealed("exp", now.Unix()-1), ErrExpired},
	{"expiry null", signed(strings.Replace(claimsJSON(with("exp", 0)), `"exp":0`, `"exp":null`, 1)), ErrBadClaims},
	{"J-13 expiry a string", sealed("exp", "9999999999"), ErrBadClaims},
	{"J-13 expiry negative", sealed("exp", -1), ErrBadClaims},
	{"J-13 expiry 1e300", sealed("exp", 1e300), ErrBadClaims},
	{"J-13 expiry 1e400", signed(strings.Replace(claimsJSON(with("exp", 0)), `"exp":0`, `"exp":1e400`, 1)), ErrBadClaims},
	{"J-13 expiry NaN", signed(strings.Replace(claimsJSON(with("exp", 0)), `"exp":0`, `"exp":NaN`, 1)), ErrBadClaims},
	{"J-13 expiry past the year 9999", sealed("exp", int64(maxDate)+1), ErrBadClaims},
	{"expiry a list", sealed("exp", []int64{now.Unix() + 60}), ErrBadClaims},
	{"J-13 not before", sealed("nbf", now.Unix()+60), ErrNotYetValid},
	{"J-13 not before a string", sealed("nbf", "0"), ErrBadClaims},
	{"J-13 issued in the future", sealed("iat", now.Unix()+60), ErrNotYetValid},
	{"issued in 2286", sealed("iat", 9999999999), ErrNotYetValid},
	{"J-15 no audience", sealed("aud", nil), ErrMissingClaim},
	{"J-15 another audience", sealed("aud", "https://other.example"), ErrWrongAudience},
	{"J-15 a list without us", sealed("aud", []string{"x", "y"}), ErrWrongAudience},
	{"J-15 an empty list", sealed("aud", []string{}), ErrMissingClaim},
	{"J-15 a longer name", sealed("aud", audience1+".evil.example"), ErrWrongAudience},
	{"J-15 a shorter name", sealed("aud", "https://api"), ErrWrongAudience},
	{"audience a number", sealed("aud", 7), ErrBadClaims},
	{"audience with null", sealed("aud", []any{audience1, nil}), ErrBadClaims},
	{"J-18 scope a list", sealed("scope", []string{"notes:read"}), ErrBadClaims},
	{"scope with two spaces", sealed("scope", "a  b"), ErrBadClaims},
	{"scope with a tab", sealed("scope", "a\tb"), ErrBadClaims},
	{"too many scopes", sealed("scope", strings.Repeat("a ", 64)+"a"), ErrBadClaims},
	{"roles a string", sealed("roles", "admin"), ErrBadClaims},
	{"roles with a number", sealed("roles", []any{"admin", 1}), ErrBadClaims},
	{"roles with null", sealed("roles", []any{nil}), ErrBadClaims},
	{"too many roles", sealed("roles", strings.Split(strings.Repeat("a,", 64)+"a", ",")), ErrBadClaims},
	{"session a number", sealed("sid", 1), ErrBadClaims},
	{"payload is a list", signed(`["sub"]`), ErrBadClaims},
	{"payload is a string", signed(`"sub"`), ErrBadClaims},
	{"two JSON values in the payload", signed(claimsJSON(fair()) + `{"sub":"root"}`), ErrBadClaims},
	{"text after the payload", signed(claimsJSON(fair()) + `x`), ErrBadClaims},
	{"not UTF-8", signed(strings.Replace(claimsJSON(fair()), `u1`, "u\xff1", 1)), ErrBadClaims},
	{"half a surrogate", signed(strings.Replace(claimsJSON(fair()), `u1`, `\ud800`, 1)), ErrBadClaims},
	{"comment", signed(strings.Replace(claimsJSON(fair()), `{`, `{/**/`, 1)), ErrBadClaims},
	{"deep nesting", sealed("x", jsontext.Value(strings.Repeat("[", 2000)+strings.Repeat("]", 2000))), nil},
}
