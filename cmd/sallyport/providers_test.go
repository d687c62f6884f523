package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sallyport-dev/sallyport/token"
	"github.com/sallyport-dev/sallyport/token/remote"
)

// provider is an issuer, a token in the form that it documents, and what is read of it.
type provider struct {
	header, claims         string
	subject, scopes, roles string
	second                 bool
	alg                    token.Algorithm // default RS256
	noAlg                  bool            // its keys do not say for what they are
	hostile                map[string]any  // claims of others, each of which refuses the token; nil takes one out
}

// providers are those of docs/providers.md by their headings.
var providers = map[string]provider{
	"Entra ID, v2.0": {
		header: `{"typ":"JWT","alg":"RS256","kid":"KID"}`, noAlg: true,
		claims: `{"aud":"CLIENT_ID","iss":"https://login.microsoftonline.com/TENANT_ID/v2.0","iat":IAT,"nbf":IAT,"exp":EXP,"aio":"AXQAi/8TAAAA",
			"azp":"b9c7","azpacr":"1","groups":GROUPS,"name":"Ada","oid":"0000-1111","preferred_username":"ada@example.com","rh":"0.ARoA.","roles":["admin"],
			"scp":"notes.read notes.write","sub":"pairwise","tid":"TENANT_ID","uti":"x","ver":"2.0","wids":["62e9"],"xms_ftd":"y","idtyp":null,"acct":0}`,
		subject: "0000-1111", scopes: "notes.read notes.write", roles: "admin",
		hostile: map[string]any{"aud": "00000003-0000-0000-c000-000000000000", "iss": "https://login.microsoftonline.com/OTHER/v2.0", "oid": nil, "roles": 7},
	},
	"Entra ID, v1.0": {
		header: `{"typ":"JWT","alg":"RS256","x5t":"KID","kid":"KID"}`, noAlg: true,
		claims: `{"aud":"api://CLIENT_ID","iss":"https://sts.windows.net/TENANT_ID/","iat":IAT,"nbf":IAT,"exp":EXP,"acr":"1","aio":"A","amr":["pwd","mfa"],
			"appid":"b9c7","appidacr":"1","ipaddr":"192.0.2.1","name":"Ada","oid":"0000-1111","rh":"0.","scp":"user_impersonation","sub":"pairwise",
			"tid":"TENANT_ID","unique_name":"ada@example.com","upn":"ada@example.com","uti":"x","ver":"1.0"}`,
		subject: "0000-1111", scopes: "user_impersonation", second: true,
		hostile: map[string]any{"aud": "https://graph.microsoft.com", "iss": "https://sts.windows.net/TENANT_ID"},
	},
	"Auth0": {
		header: `{"alg":"RS256","typ":"JWT","kid":"KID"}`,
		claims: `{"iss":"https://TENANT.eu.auth0.com/","sub":"auth0|5f7c","aud":["https://api.example.com","https://TENANT.eu.auth0.com/userinfo"],
			"iat":IAT,"exp":EXP,"azp":"my_client","scope":"openid profile read:notes","permissions":["read:notes"],"gty":"password","https://example.com/x":{"a":[null]}}`,
		subject: "auth0|5f7c", scopes: "openid profile read:notes", roles: "read:notes",
		hostile: map[string]any{"aud": []string{"https://TENANT.eu.auth0.com/userinfo"}, "iss": "https://TENANT.eu.auth0.com"},
	},
	"Okta": {
		header: `{"kid":"KID","alg":"RS256"}`,
		claims: `{"ver":1,"jti":"AT.x","iss":"https://ORG.okta.com/oauth2/default","aud":"api://default","iat":IAT,"exp":EXP,"cid":"0oab","uid":"00ub",
			"scp":["openid","email"],"auth_time":IAT,"sub":"ada@example.com","groups":["Everyone","notes admins"]}`,
		subject: "ada@example.com", scopes: "openid email", roles: "Everyone notes admins",
		hostile: map[string]any{"aud": "https://ORG.okta.com", "iss": "https://ORG.okta.com", "scp": []any{1}},
	},
	"Amazon Cognito": {
		header: `{"kid":"KID","alg":"RS256"}`,
		claims: `{"sub":"aaaa-bbbb","device_key":"d","cognito:groups":["admin"],"iss":"https://cognito-idp.REGION.amazonaws.com/POOL_ID","version":2,
			"client_id":"APP_CLIENT_ID","origin_jti":"o","event_id":"e","token_use":"access","scope":"aws.cognito.signin.user.admin","auth_time":IAT,
			"exp":EXP,"iat":IAT,"jti":"j","username":"ada"}`,
		subject: "aaaa-bbbb", scopes: "aws.cognito.signin.user.admin", roles: "admin",
		hostile: map[string]any{"client_id": "ANOTHER", "token_use": "id", "aud": "APP_CLIENT_ID", "iss": "https://cognito-idp.REGION.amazonaws.com/OTHER"},
	},
	"Google": {
		header: `{"alg":"RS256","kid":"KID","typ":"JWT"}`,
		claims: `{"iss":"https://accounts.google.com","azp":"CLIENT.apps.googleusercontent.com","aud":"CLIENT.apps.googleusercontent.com","sub":"1101693",
			"hd":"example.com","email":"ada@example.com","email_verified":true,"at_hash":"H","iat":IAT,"exp":EXP}`,
		subject: "1101693",
		hostile: map[string]any{"aud": "other.apps.googleusercontent.com", "azp": "other.apps.googleusercontent.com", "email_verified": false},
	},
	"Google, the older name": {
		header:  `{"alg":"RS256","kid":"KID","typ":"JWT"}`,
		claims:  `{"iss":"accounts.google.com","azp":"CLIENT.apps.googleusercontent.com","aud":"CLIENT.apps.googleusercontent.com","sub":"1101693","iat":IAT,"exp":EXP}`,
		subject: "1101693",
		hostile: map[string]any{"aud": "other.apps.googleusercontent.com", "iss": "https://accounts.google.com"},
	},
	"Firebase": {
		header: `{"alg":"RS256","kid":"KID","typ":"JWT"}`,
		claims: `{"role":"admin","iss":"https://securetoken.google.com/PROJECT","aud":"PROJECT","auth_time":IAT,"user_id":"u","sub":"u","iat":IAT,"exp":EXP,
			"email":"ada@example.com","email_verified":true,"firebase":{"identities":{"email":["ada@example.com"]},"sign_in_provider":"password"}}`,
		subject: "u", roles: "admin",
		hostile: map[string]any{"aud": "other", "iss": "https://securetoken.google.com/other"},
	},
	"Keycloak": {
		header: `{"alg":"RS256","typ":"JWT","kid":"KID"}`,
		claims: `{"exp":EXP,"iat":IAT,"auth_time":IAT,"jti":"onrtac:1","iss":"https://keycloak.example.com/realms/REALM","aud":["my-api","account"],"sub":"s",
			"typ":"Bearer","azp":"web","sid":"i","acr":"1","allowed-origins":["*"],"realm_access":{"roles":["admin","offline_access"]},
			"resource_access":{"account":{"roles":["manage-account"]}},"scope":"openid email","email_verified":false,"authorization":{"permissions":[{"rsid":"r","scopes":["x"]}]}}`,
		subject: "s", scopes: "openid email", roles: "admin offline_access",
		hostile: map[string]any{"aud": "account", "typ": "ID", "iss": "https://keycloak.example.com/realms/master"},
	},
	"Keycloak, inside a private network": {
		header:  `{"alg":"RS256","typ":"JWT","kid":"KID"}`,
		claims:  `{"exp":EXP,"iat":IAT,"iss":"https://keycloak.example.com/realms/REALM","aud":"my-api","sub":"s","typ":"Bearer","azp":"web"}`,
		subject: "s", hostile: map[string]any{"aud": "account", "typ": "Refresh"},
	},
	"Supabase": {
		header: `{"alg":"ES256","kid":"KID","typ":"JWT"}`, alg: token.ES256,
		claims: `{"aal":"aal2","amr":[{"method":"totp","timestamp":IAT},{"method":"password","timestamp":IAT}],"app_metadata":{"provider":"email","providers":["email"]},
			"aud":"authenticated","email":"ada@example.com","exp":EXP,"iat":IAT,"is_anonymous":false,"iss":"https://PROJECT.supabase.co/auth/v1","phone":"",
			"role":"authenticated","session_id":"x","sub":"s","user_metadata":{"email_verified":true,"x":null}}`,
		subject: "s", roles: "authenticated", second: true,
		hostile: map[string]any{"aud": "anon", "role": "service_role", "is_anonymous": true, "iss": "https://OTHER.supabase.co/auth/v1"},
	},
	"Clerk": {
		header: `{"alg":"RS256","cat":"cl_B7d4PD111AAA","kid":"KID","typ":"JWT"}`,
		claims: `{"azp":"https://app.example.com","exp":EXP,"fva":[7,-1],"iat":IAT,"iss":"https://INSTANCE.clerk.accounts.dev","jti":"j","nbf":IAT,"o":{"id":"org_1","rol":"admin","slg":"acme","per":"read"},
			"pla":"o:free","fea":"o:x","sid":"sess_1","sts":"active","sub":"user_1","v":2}`,
		subject: "user_1", roles: "admin",
		hostile: map[string]any{"azp": "https://evil.example", "sts": "pending", "aud": "another-api"},
	},
	"Zitadel": {
		header: `{"alg":"RS256","kid":"KID","typ":"JWT"}`,
		claims: `{"iss":"https://INSTANCE.zitadel.cloud","sub":"165460","aud":["CLIENT@project","PROJECT_ID"],"exp":EXP,"iat":IAT,"nbf":IAT,"client_id":"CLIENT@project","jti":"V2_1",
			"urn:zitadel:iam:org:project:roles":{"admin":{"1654":"acme.example"},"editor":{"1654":"acme.example","9":"b.example"}},"urn:zitadel:iam:org:id":"1"}`,
		subject: "165460", roles: "admin editor",
		hostile: map[string]any{"aud": "CLIENT@project", "urn:zitadel:iam:org:project:roles": map[string]any{"admin": "yes"}},
	},
	"authentik": {
		header: `{"alg":"RS256","kid":"KID","typ":"JWT"}`,
		claims: `{"iss":"https://authentik.example.com/application/o/my-api/","sub":"h","aud":"CLIENT_ID","exp":EXP,"iat":IAT,"auth_time":IAT,"acr":"goauthentik.io/providers/oauth2/default",
			"amr":["pwd","mfa"],"sid":"s","azp":"CLIENT_ID","uid":"u","email":"ada@example.com","email_verified":true,"name":"Ada","groups":["authentik Admins"],"entitlements":[],"roles":[]}`,
		subject: "h", roles: "authentik Admins", second: true,
		hostile: map[string]any{"aud": "OTHER", "iss": "https://authentik.example.com/application/o/my-api"},
	},
	"Duende IdentityServer": {
		header:  `{"alg":"RS256","kid":"KID","typ":"at+jwt"}`,
		claims:  `{"iss":"https://id.example.com","nbf":IAT,"iat":IAT,"exp":EXP,"aud":"my-api","scope":["openid","my-api"],"amr":["pwd"],"client_id":"web","sub":"1","auth_time":IAT,"idp":"local","sid":"S","jti":"J","role":"admin"}`,
		subject: "1", scopes: "openid my-api", roles: "admin",
		hostile: map[string]any{"aud": "https://id.example.com/resources", "scope": map[string]any{"my-api": true}},
	},
	"AD FS": {
		header: `{"typ":"JWT","alg":"RS256","x5t":"KID","kid":"KID"}`,
		claims: `{"aud":"microsoft:identityserver:CLIENT_ID","iss":"http://adfs.example.com/adfs/services/trust","iat":IAT,"exp":EXP,"apptype":"Public","appid":"CLIENT_ID",
			"authmethod":"urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport","auth_time":"2026-11-29T12:00:00.000Z","ver":"1.0","scp":"openid","sub":"s","role":"Domain Users"}`,
		subject: "s", scopes: "openid", roles: "Domain Users",
		hostile: map[string]any{"aud": "microsoft:identityserver:OTHER", "iss": "https://adfs.example.com/adfs"},
	},
	"Ory Hydra": {
		header:  `{"alg":"RS256","kid":"KID","typ":"JWT"}`,
		claims:  `{"aud":["my-api"],"client_id":"c","exp":EXP,"ext":{},"iat":IAT,"iss":"https://hydra.example.com","jti":"j","nbf":IAT,"scp":["openid","offline"],"sub":"s"}`,
		subject: "s", scopes: "openid offline",
		hostile: map[string]any{"aud": []string{}},
	},
	"FusionAuth": {
		header: `{"alg":"RS256","kid":"KID","typ":"JWT","gty":["password"]}`,
		claims: `{"aud":"APPLICATION_ID","exp":EXP,"iat":IAT,"iss":"acme.example","sub":"s","jti":"j","authenticationType":"PASSWORD","email":"ada@example.com","email_verified":true,
			"applicationId":"APPLICATION_ID","roles":["admin"],"auth_time":IAT,"tid":"t","tty":"at","scope":"openid"}`,
		subject: "s", scopes: "openid", roles: "admin",
		hostile: map[string]any{"aud": "OTHER", "tty": "idt", "iss": "other.example"},
	},
	"Logto": {
		header: `{"alg":"ES256","typ":"at+jwt","kid":"KID"}`, alg: token.ES256,
		claims:  `{"jti":"j","sub":"s","iat":IAT,"exp":EXP,"scope":"read:notes","client_id":"c","iss":"https://TENANT.logto.app/oidc","aud":"https://api.example.com"}`,
		subject: "s", scopes: "read:notes",
		hostile: map[string]any{"aud": "https://other.example.com"},
	},
	"GitHub Actions": {
		header: `{"typ":"JWT","alg":"RS256","x5t":"KID","kid":"KID"}`,
		claims: `{"jti":"j","sub":"repo:octo-org/octo-repo:ref:refs/heads/main","aud":"https://api.example.com","ref":"refs/heads/main","sha":"s","repository":"octo-org/octo-repo",
			"repository_owner":"octo-org","actor_id":"12","repository_visibility":"private","repository_id":"74","repository_owner_id":"65","run_id":"1","run_number":"10","run_attempt":"2",
			"runner_environment":"github-hosted","actor":"octocat","workflow":"w","head_ref":"","base_ref":"","event_name":"push","ref_type":"branch","ref_protected":"true",
			"job_workflow_ref":"octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main","iss":"https://token.actions.githubusercontent.com","nbf":IAT,"exp":EXP,"iat":IAT}`,
		subject: "repo:octo-org/octo-repo:ref:refs/heads/main",
		hostile: map[string]any{"aud": "https://github.com/octo-org", "repository": "evil/octo-repo", "ref": "refs/pull/1/merge"},
	},
	"GitLab CI": {
		header: `{"alg":"RS256","kid":"KID","typ":"JWT"}`,
		claims: `{"namespace_id":"72","namespace_path":"my-group","project_id":"20","project_path":"my-group/my-project","user_id":"1","user_login":"ada","user_email":"ada@example.com",
			"user_identities":[{"provider":"github","extern_uid":"2435"}],"pipeline_id":"574","pipeline_source":"push","job_id":"302","ref":"main","ref_type":"branch","ref_protected":"true",
			"groups_direct":["my-group"],"environment":null,"runner_id":1,"sha":"x","project_visibility":"public","jti":"j","iss":"https://gitlab.com","iat":IAT,"nbf":IAT,"exp":EXP,
			"sub":"project_path:my-group/my-project:ref_type:branch:ref:main","aud":"https://api.example.com"}`,
		subject: "project_path:my-group/my-project:ref_type:branch:ref:main",
		hostile: map[string]any{"aud": "https://gitlab.com", "project_path": "evil/my-project", "ref_protected": "false"},
	},
	"Kubernetes": {
		header: `{"alg":"RS256","kid":"KID"}`,
		claims: `{"aud":["my-api"],"exp":EXP,"iat":IAT,"iss":"https://kubernetes.default.svc.cluster.local","jti":"j","kubernetes.io":{"namespace":"default","node":{"name":"n","uid":"u"},
			"pod":{"name":"p","uid":"u"},"serviceaccount":{"name":"default","uid":"u"},"warnafter":IAT},"nbf":IAT,"sub":"system:serviceaccount:default:default"}`,
		subject: "system:serviceaccount:default:default",
		hostile: map[string]any{"aud": []string{"https://kubernetes.default.svc"}, "kubernetes.io": map[string]any{"namespace": "kube-system"}},
	},
	"Kubernetes, the older name": {
		header:  `{"alg":"RS256","kid":"KID"}`,
		claims:  `{"aud":["my-api"],"exp":EXP,"iat":IAT,"iss":"kubernetes/serviceaccount","kubernetes.io":{"namespace":"default"},"nbf":IAT,"sub":"system:serviceaccount:default:default"}`,
		subject: "system:serviceaccount:default:default",
		hostile: map[string]any{"aud": []string{"other"}, "exp": nil},
	},
}

// TestProviders reads each --trust of docs/providers.md, and verifies with it a token in the form
// that the issuer documents, and those made for somebody else.
func TestProviders(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/providers.md")
	if err != nil {
		t.Fatal(err)
	}
	w := newProviderWorld(t)
	example := regexp.MustCompile("(?m)^--trust \"(.*)\"$")
	found := 0
	for _, section := range strings.Split(string(page), "\n## ")[1:] {
		heading, _, _ := strings.Cut(section, "\n")
		texts := example.FindAllStringSubmatch(section, -1)
		p, ok := providers[heading]
		if !ok || len(texts) != 1 {
			if len(texts) > 0 {
				t.Errorf("%s: %d examples, and no row of this test", heading, len(texts))
			}
			continue
		}
		found++
		w.check(t, heading, p, texts[0][1])
	}
	if found != len(providers) {
		t.Errorf("%d of %d providers are in docs/providers.md", found, len(providers))
	}
}

// providerWorld is every issuer's server, and the keys of all.
type providerWorld struct {
	keys   map[token.Algorithm]crypto.Signer
	issuer string
	set    string
}

func newProviderWorld(t *testing.T) *providerWorld {
	t.Helper()
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	es, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &providerWorld{keys: map[token.Algorithm]crypto.Signer{token.RS256: rs, token.ES256: es}}
}

// RoundTrip answers with the discovery document, or with the key set wherever it is fetched.
func (w *providerWorld) RoundTrip(r *http.Request) (*http.Response, error) {
	body := w.set
	if strings.Contains(r.URL.Path, "/openid-configuration") {
		body = fmt.Sprintf(`{"issuer":%q,"jwks_uri":"https://keys.example.com/jwks"}`, w.issuer)
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1, Request: r}, nil
}

// check verifies one provider's tokens through one --trust.
func (w *providerWorld) check(t *testing.T, name string, p provider, text string) {
	trusted, err := parseTrust(text)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	w.issuer, w.set = trusted.issuer.Name, w.publish(t, p)
	trusted.remote.Transport, trusted.remote.ErrorLog, trusted.ca = w, slog.New(slog.DiscardHandler), ""
	issuer, done, err := trusted.open(t.Context())
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	defer done()
	v, err := token.New(token.Config{Issuers: []token.Issuer{issuer}})
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	c, err := v.Verify(w.sign(t, p, "", nil))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if c.Subject != p.subject || strings.Join(c.Scopes, " ") != p.scopes || strings.Join(c.Roles, " ") != p.roles || c.SecondFactor != p.second {
		t.Errorf("%s: subject %q, scopes %q, roles %q, second factor %v", name, c.Subject, c.Scopes, c.Roles, c.SecondFactor)
	}
	if len(p.hostile) == 0 {
		t.Errorf("%s: no hostile row", name)
	}
	for claim, value := range p.hostile {
		if _, err := v.Verify(w.sign(t, p, claim, value)); err == nil {
			t.Errorf("%s: accepted with %s %v", name, claim, value)
		}
	}
}

func (p *provider) algorithm() token.Algorithm {
	if p.alg == "" {
		return token.RS256
	}
	return p.alg
}

func (w *providerWorld) publish(t *testing.T, p provider) string {
	t.Helper()
	set, err := token.MarshalJWKS([]token.Key{{ID: "KID", Algorithm: p.algorithm(), Public: w.keys[p.algorithm()].Public()}})
	if err != nil {
		t.Fatal(err)
	}
	if p.noAlg {
		return strings.Replace(string(set), `"alg":"RS256",`, "", 1)
	}
	return string(set)
}

// sign makes a provider's token, with one claim changed if one is named; nil takes it out.
func (w *providerWorld) sign(t *testing.T, p provider, claim string, value any) string {
	t.Helper()
	now := time.Now().Unix()
	groups := `["7d1f9c3e-0c52-4b2e-9c2b-2f6a0e6b7a11"` + strings.Repeat(`,"7d1f9c3e-0c52-4b2e-9c2b-2f6a0e6b7a11"`, 199) + `]`
	body := strings.NewReplacer("IAT", fmt.Sprint(now), "EXP", fmt.Sprint(now+300), "GROUPS", groups).Replace(p.claims)
	if claim != "" {
		var members map[string]any
		if err := json.Unmarshal([]byte(body), &members); err != nil {
			t.Fatal(err)
		}
		if members[claim] = value; value == nil {
			delete(members, claim)
		}
		changed, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		body = string(changed)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	signed := b64([]byte(p.header)) + "." + b64([]byte(body))
	return signed + "." + b64(w.signature(t, p.algorithm(), signed))
}

func (w *providerWorld) signature(t *testing.T, alg token.Algorithm, signed string) []byte {
	t.Helper()
	digest := sha256.Sum256([]byte(signed))
	if alg == token.RS256 {
		sig, err := w.keys[alg].Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	r, s, err := ecdsa.Sign(rand.Reader, w.keys[alg].(*ecdsa.PrivateKey), digest[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return sig
}

// TestTrustRefuses: what --trust cannot mean, and the word that the error names.
func TestTrustRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       "the issuer is missing",
		"https://id.example.com": "audience is missing",
		"https://id.example.com insecure-no-audience=yes audience=a":    `"insecure-no-audience" is unknown`,
		"https://id.example.com audience=a insecure-http insecure-http": "twice",
		"https://id.example.com audience=a azp":                         "NAME=VALUE",
		"https://id.example.com audience=a require:=x require:=y":       "twice",
		"https://id.example.com audience=a leeway=2m":                   "1s to 60s",
		"https://id.example.com audience=a leeway=soon":                 "1s to 60s",
		"accounts.google.com audience=a":                                "say jwks=",
		"kubernetes/serviceaccount audience=a":                          "say jwks=",
		"id audience=a jwks=keys.json insecure-http":                    "in a file",
		"https://id.example.com audience=a color=blue":                  "audience, azp, bound, ca, client_id, jwks",
	} {
		if _, err := parseTrust(text); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--trust") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestTrustFile: keys in a file, and in one without keys.
func TestTrustFile(t *testing.T) {
	t.Parallel()
	w := newProviderWorld(t)
	p := providers["Kubernetes, the older name"]
	file := t.TempDir() + "/keys.json"
	if err := os.WriteFile(file, []byte("\ufeff"+w.publish(t, p)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		words string
		ok    bool
	}{{"", true}, {" alg=RS256,ES256", true}, {" alg=ES256", false}, {" alg=RS512", false}} {
		trusted, err := parseTrust("kubernetes/serviceaccount audience=my-api type=JWT jwks=" + file + row.words)
		if err != nil {
			t.Fatal(err)
		}
		trusted.remote.ErrorLog = slog.New(slog.DiscardHandler)
		issuer, _, err := trusted.open(t.Context())
		if (err == nil) != row.ok {
			t.Errorf("%q: %v", row.words, err)
		}
		if err != nil {
			continue
		}
		v, err := token.New(token.Config{Issuers: []token.Issuer{issuer}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(w.sign(t, p, "", nil)); err != nil {
			t.Errorf("%q: %v", row.words, err)
		}
	}
	for _, bad := range []string{t.TempDir() + "/none.json", "providers_test.go"} {
		trusted := trusted{file: bad, remote: remote.Config{ErrorLog: slog.New(slog.DiscardHandler)}}
		if _, _, err := trusted.open(t.Context()); err == nil || !strings.Contains(err.Error(), "jwks="+bad) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
