package proxy

import (
	"net/http"
	"slices"
	"strings"
)

// product is one product, or a kind of them, and the request fields in which it passes on
// what an upstream believes: who is calling, from where, over what, or another method, host
// or path than those that were checked. A name that ends in "*" is a prefix. Names are
// canonical; the client's spelling, and whether it writes "_" for "-", does not matter, see
// [refused].
type product struct {
	name   string
	source string // where the product documents the fields
	fields []string
}

// products are the fields that no client may send on. A row is added when a product passes
// on an identity in another field; docs/upstreams.md lists the same, and a test compares.
var products = []product{
	// Who is calling.
	{"nginx, Caddy and others, by convention", "nginx auth_request guides", []string{
		"X-User", "X-User-*", "X-Users", "X-Userid", "X-Username", "X-Userinfo", "X-Uid", "X-Login", "X-Email",
		"X-Group", "X-Groups", "X-Role", "X-Roles", "X-Scopes", "X-Permissions", "X-Subject", "X-Principal", "X-Identity",
		"X-Claims", "X-Sub", "X-Preferred-Username", "X-Jwt-Sub", "X-Jwt-Subject", "X-Jwt-User*", "X-Jwt-Email",
		"X-Jwt-Role*", "X-Jwt-Scope*", "X-Current-User", "X-Logged-In-User", "X-Remote-*",
		"X-Authenticated*", "X-Authorization", "X-Auth-*"}},
	{"oauth2-proxy", "oauth2-proxy.github.io: header options", []string{"X-Forwarded*", "X-Auth-Request-*",
		"X-Oauth2-Proxy-*"}},
	{"Keycloak Gatekeeper, Louketo", "gogatekeeper.github.io: upstream headers", []string{"X-Auth-*"}},
	{"Authelia, Traefik ForwardAuth", "authelia.com: trusted header SSO", []string{
		"Remote-User", "Remote-Groups", "Remote-Email", "Remote-Name", "Remote-Roles"}},
	{"authentik", "docs.goauthentik.io: proxy provider", []string{"X-Authentik-*"}},
	{"Pomerium", "pomerium.com: identity headers", []string{"X-Pomerium-*"}},
	{"Vouch Proxy", "github.com/vouch/vouch-proxy: README", []string{"X-Vouch-*"}},
	{"Cloudflare Access and mTLS", "developers.cloudflare.com: Access JWT, client certificates", []string{
		"Cf-Access-*", "Cf-Client-Cert*", "Cf-Worker"}},
	{"Tailscale Serve", "tailscale.com/kb: identity headers", []string{"Tailscale-*"}},
	{"Teleport", "goteleport.com: JWT for application access", []string{"Teleport-*", "X-Teleport-*"}},
	{"Kong", "developer.konghq.com: authentication plugins", []string{
		"X-Consumer-*", "X-Credential-*", "X-Anonymous-Consumer", "Authenticated-User"}},
	{"Apache APISIX", "apisix.apache.org: openid-connect", []string{"X-Userinfo", "X-Id-Token", "X-Consumer-*",
		"X-Credential-*"}},
	{"OpenStack Keystone", "docs.openstack.org: keystonemiddleware", []string{
		"X-Identity-Status", "X-Roles", "X-User-*", "X-Is-Admin-Project", "X-Service-User-*", "X-Service-Roles"}},
	{"Tyk", "tyk.io: context variables and header injection", []string{"X-Tyk-*"}},
	{"Ory Oathkeeper", "ory.sh: header mutator", []string{"X-User", "X-Subject"}},
	{"KrakenD", "krakend.io: propagate_claims", []string{"X-User", "X-User-*", "X-Role"}},
	{"WSO2 API Manager", "apim.docs.wso2.com: backend JWT", []string{"X-Jwt-Assertion"}},
	{"Envoy", "envoyproxy.io: HTTP header manipulation", []string{"X-Envoy-*", "X-Forwarded-Client-Cert",
		"X-Jwt-Payload"}},
	{"Istio", "istio.io: RequestAuthentication", []string{"Sec-Istio-*", "X-Istio-*", "X-Jwt-Payload", "X-Jwt-Claim*"}},
	{"Linkerd", "linkerd.io: proxy headers", []string{"L5d-*"}},
	{"Dapr", "docs.dapr.io: service invocation", []string{"Dapr-Caller-*"}},
	{"Kubernetes", "kubernetes.io: impersonation, authenticating proxy", []string{"Impersonate-*", "X-Remote-*"}},
	{"AWS load balancers, Verified Access, VPC Lattice, API Gateway, SQS daemon", "docs.aws.amazon.com", []string{
		"X-Amzn-Oidc-*", "X-Amzn-Mtls-*", "X-Amzn-Ava-*", "X-Amzn-Lattice-*", "X-Amzn-Remapped-*", "X-Aws-Sqsd-*",
		"Cloudfront-*"}},
	{"Azure App Service, Front Door, Application Proxy", "learn.microsoft.com: App Service authentication", []string{
		"X-Ms-Client-Principal*", "X-Ms-Token-*", "X-Ms-Proxy*", "X-Arr-*", "X-Azure-*", "Disguised-Host",
		"Was-Default-Hostname"}},
	{"Google Cloud IAP, Endpoints, App Engine, Tasks, Scheduler", "cloud.google.com", []string{
		"X-Goog-Authenticated-*", "X-Goog-Iap-*", "X-Endpoint-Api-Userinfo", "X-Apigateway-Api-Userinfo", "X-Appengine-*",
		"X-Cloudtasks-*", "X-Cloudscheduler*"}},
	{"Vercel, Netlify, Fly.io", "vercel.com, docs.netlify.com, fly.io: request headers", []string{
		"X-Vercel-Oidc-*", "X-Vercel-Forwarded-*", "X-Vercel-Ip-*", "X-Nf-*", "Fly-Client-Ip", "Fly-Forwarded-*",
		"Fly-Replay-Src", "Fly-Src*"}},
	{"Shibboleth", "shibboleth.atlassian.net: AttributeAccess", []string{
		"Shib-*", "Eppn", "Persistent-Id", "Targeted-Id", "Affiliation", "Unscoped-Affiliation", "Entitlement"}},
	{"Apache mod_auth_openidc, mod_auth_mellon, mod_auth_cas", "github.com/OpenIDC, /latchset, /apereo", []string{
		"Oidc-*", "X-Oidc-*", "Mellon-*", "X-Saml-*", "Cas-*"}},
	{"caddy-security (AuthCrunch)", "docs.authcrunch.com: inject headers with claims", []string{
		"X-Token-Subject", "X-Token-User-*"}},
	{"TIBCO Mashery, Boomi", "docs.mashery.com: OAuth user context", []string{"X-Mashery-Oauth-*"}},
	{"LemonLDAP::NG", "lemonldap-ng.org: exported headers", []string{"Auth-User", "Auth-Mail", "Auth-Cn", "Auth-Groups"}},
	{"SiteMinder", "techdocs.broadcom.com: default HTTP headers", []string{"Sm-*", "Smuser", "X-Sm-*"}},
	{"IBM Verify Access (WebSEAL)", "ibm.com: junction headers", []string{"Iv-*"}},
	{"Oracle Access Manager, WebLogic plug-in", "docs.oracle.com: plug-in parameters", []string{
		"Oam-*", "Osso-*", "Wl-Proxy-*", "Proxy-Client-Ip", "Proxy-Remote-User"}},
	{"Jetty, Tomcat", "ForwardedRequestCustomizer, SSLValve", []string{
		"Proxy-Auth-Cert", "Proxy-Ssl-Id", "X-Proxied-Https", "Ssl-*"}},
	{"nginx, HAProxy, Apache with client certificates", "RFC 9440; ingress-nginx: auth-tls annotations", []string{
		"Client-Cert*", "X-Client-Cert*", "X-Client-Verify", "X-Client-Dn", "X-Client-Cn", "X-Client-S-Dn",
		"X-Client-Subject*",
		"X-Ssl*", "X-Tls*", "Tls-Client-*", "X-Peer-Cert*"}},
	{"Grafana, Gitea", "grafana.com: auth proxy", []string{"X-Webauth-*", "X-Grafana-User"}},
	{"OpenSearch, Elasticsearch", "opensearch.org: proxy authentication", []string{
		"X-Proxy-User", "X-Proxy-Roles", "X-Proxy-Remote-User", "Es-Security-Runas-User"}},
	{"Trino, Presto", "trino.io: client protocol", []string{"X-Trino-User", "X-Trino-Original-User", "X-Presto-User"}},
	{"Hasura", "hasura.io: session variables", []string{"X-Hasura-*"}},
	{"Loki, Mimir, Cortex, Thanos", "grafana.com: multi-tenancy; thanos.io", []string{"X-Scope-Orgid", "Thanos-Tenant"}},
	{"Posit", "docs.posit.co: proxied authentication", []string{"X-Rstudio-*", "Shiny-Server-Credentials"}},
	{"OAuth plug-ins of several gateways", "their README files", []string{"X-Oauth-*"}},

	// From where, and over what.
	{"proxies of every kind, for addresses", "RFC 7239, and by convention", []string{
		"Forwarded", "X-Forwarded*", "X-Real-Ip", "Remote-Addr", "Client-Ip", "X-Client-Ip", "X-Clientip",
		"X-Cluster-Client-Ip",
		"X-Originating-Ip", "X-Proxyuser-Ip", "X-Coming-From", "X-Source-Ip", "X-True-Client-Ip",
		"X-Url-Scheme", "X-Scheme", "Front-End-Https", "Base-Url", "X-Host"}},
	{"content delivery networks, for addresses", "their documentation of request headers", []string{
		"True-Client-Ip", "Cf-Connecting-*", "Cf-Pseudo-Ipv4", "Fastly-Client*", "Fastly-Ff", "Fastly-Ssl", "Akamai-*",
		"X-Akamai-*", "Incap-*", "X-Sucuri-*", "Ali-Cdn-*", "Eo-Connecting-Ip", "Eo-Client-Ip", "Do-Connecting-Ip"}},

	// What is asked.
	{"frameworks and proxies that replace method, host or path", "their documentation", []string{
		"X-Original-*", "X-Rewrite-Url", "X-Http-Method", "X-Http-Method-Override", "X-Method-Override",
		"X-Http-Host-Override",
		"X-Http-Destinationurl", "X-Proxy-Url", "X-Accel-*", "X-Middleware-*", "X-Script-Name"}},
	{"Next.js", "github.com/vercel/next.js: internal headers", []string{
		"X-Invoke-*", "X-Matched-Path", "X-Now-Route-Matches"}},
	{"Rack::Sendfile", "CVE-2025-61780", []string{"X-Sendfile-Type"}},
	{"programs that read a proxy from CGI variables", "httpoxy.org", []string{"Proxy"}},

	// What is ours, or about the connection.
	{"Sallyport", "docs/upstreams.md", []string{"X-Sallyport*", "X-Request-Id", "Http2-Settings", "Trailer"}},
}

// passed are fields that a prefix above would catch, and that assert nothing: a program's own
// credentials, which it verifies itself, and gRPC-Web's name of its library.
var passed = set("X-Auth-Token", "X-Auth-Key", "X-Auth-Signature", "X-Auth-Timestamp", "X-Auth-Nonce",
	"X-Hasura-Admin-Secret", "X-User-Agent")

// stripped are prefixes that a gateway takes off a name, or CGI and gRPC put on it. What is
// left may be nothing that would be refused by itself.
var stripped = []string{"Grpc-Metadata-", "Grpcgateway-", "Http-", "X-Http-", "X-Amzn-Remapped-", "X-Grpc-",
	"Metadata-"}

// identities is the table as it is looked up, with the prefixes by their first letter.
type identities struct {
	fields   map[string]bool
	prefixes map[byte][]string
}

func newIdentities(all []product) *identities {
	t := &identities{fields: map[string]bool{}, prefixes: map[byte][]string{}}
	for _, p := range all {
		for _, name := range p.fields {
			prefix, ok := strings.CutSuffix(name, "*")
			if !ok {
				t.fields[name] = true
			} else if first := firstLetter(prefix); !slices.Contains(t.prefixes[first], prefix) {
				t.prefixes[first] = append(t.prefixes[first], prefix)
			}
		}
	}
	return t
}

// firstLetter is the first letter of a canonical name, behind an "X-" that it may have.
func firstLetter(name string) byte {
	if rest := strings.TrimPrefix(name, "X-"); rest != "" {
		return rest[0]
	}
	return 0
}

// known is made once: it is looked up for every field of every request.
var known = newIdentities(products)

// asserts reports whether a canonical name is one of the table.
func (t *identities) asserts(name string) bool {
	if passed[name] {
		return false
	}
	return t.fields[name] || hasPrefix(name, t.prefixes[firstLetter(name)])
}

// maxStripped is how many of those prefixes one name may have.
const maxStripped = 3

// refused reports whether a request field stays here: because a product reads it as an
// identity, or would once a gateway has taken a prefix off it; because it is ours in any
// way of writing; or because its name has another character than letters, digits and
// dashes, such as "_", which CGI (RFC 3875 §4.1.18) and its kin make the same as "-".
func refused(name string) bool {
	if !plainName(name) {
		return true
	}
	name = http.CanonicalHeaderKey(name)
	if strings.Contains(name, "Sallyport") {
		return true
	}
	for range maxStripped {
		if known.asserts(name) {
			return true
		}
		rest, ok := withoutPrefix(name)
		if !ok {
			return false
		}
		if rest == "Authorization" || rest == "Cookie" {
			return true
		}
		name = rest
	}
	return true
}

// withoutPrefix takes off what a gateway would.
func withoutPrefix(name string) (rest string, ok bool) {
	for _, prefix := range stripped {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest, true
		}
	}
	return name, false
}

// Delivers reports whether an upstream gets a field of this name at all: the client's, or
// the one that the proxy sets.
func Delivers(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "X-Request-Id", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto":
		return plainName(name)
	case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer",
		"Transfer-Encoding", "Upgrade", "Expect":
		return false
	}
	return !refused(name)
}
