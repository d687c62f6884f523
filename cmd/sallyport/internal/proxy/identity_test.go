package proxy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/sallyport-dev/sallyport/cors"
	"github.com/sallyport-dev/sallyport/visit"
)

// upstreamGets returns the fields that an upstream gets of a client that sends these.
func upstreamGets(t *testing.T, sent http.Header) http.Header {
	t.Helper()
	var got http.Header
	up := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer up.Close()
	p, err := New(Config{Upstream: up.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer p.CloseIdleConnections()
	r := httptest.NewRequest("GET", "/a", nil)
	r.Header = sent
	p.ServeHTTP(httptest.NewRecorder(), r.WithContext(visit.With(r.Context(), &visit.Visit{ID: "x"})))
	return got
}

// spellings are the ways in which a client may write a name that some program reads as it.
func spellings(name string) []string {
	plain := strings.ReplaceAll(name, "*", "x")
	all := []string{plain, strings.ToLower(plain), strings.ToUpper(plain)}
	for _, spelling := range all[:3] {
		all = append(all, strings.ReplaceAll(spelling, "-", "_"), strings.Replace(spelling, "-", "_", 1))
	}
	for _, prefix := range []string{"Grpc-Metadata-", "grpc-metadata-", "GRPC_METADATA_", "Http-", "X-Amzn-Remapped-",
		"Grpc-Metadata-Http-"} {
		all = append(all, prefix+plain)
	}
	return all
}

// TestProducts: no field of the table reaches the upstream, however it is written. Fields
// that are not allowed in a request at all, or are set by the proxy, never hold what the
// client sent.
func TestProducts(t *testing.T) {
	n := 0
	for _, p := range products {
		sent := http.Header{"Accept": {"x/y"}}
		for _, name := range p.fields {
			for _, spelling := range spellings(name) {
				sent[spelling] = append(sent[spelling], "evil")
				n++
			}
		}
		got := upstreamGets(t, sent)
		for name, values := range got {
			if strings.Contains(fmt.Sprint(values), "evil") {
				t.Errorf("%s: %q reaches the upstream", p.name, name)
			}
		}
		if got.Get("Accept") != "x/y" {
			t.Errorf("%s: an honest field is lost", p.name)
		}
	}
	t.Logf("%d names of %d products", n, len(products))
}

// TestRefused are single rows that attackers were seen to use, beside fields that ordinary
// programs need and that assert nothing.
func TestRefused(t *testing.T) {
	for name, want := range map[string]bool{
		"Grpc-Metadata-X-Sallyport-Subject": true, "Http-X-Sallyport-Subject": true, "X-Anything-X-Sallyport-Roles": true,
		"Sallyport-Subject": true, "X-Sallyport-Subject-Bin": true, "Grpc-Metadata-Authorization": true,
		"Grpc-Metadata-Cookie": true,
		"X-Auth-User":          true, "X-Authorization": true, "X-TLS-Client-Cert": true, "X-ARR-ClientCert": true,
		"Sec-Istio-Auth-Userinfo": true,
		"X-Jwt-Assertion":         true, "Remote-User": true, "Impersonate-User": true, "l5d-client-id": true, "iv-user": true,
		"SM_USER": true,
		"$WSRU":   true, "X-User-Id": true, "Http-Http-Http-Http-A": true,
		"X-Script-Name": true, "X-Sendfile-Type": true, "x-matched-path": true, "X-Invoke-Path": true,
		"X-Token-User-Email": true, "X-Auth-Email": true, "X-Forwarded-User": true, "X-Forwarded-Preferred-Username": true,
		"X-Preferred-Username": true, "X-Jwt-User-Id": true, "X-Jwt-Roles": true,

		"Accept": false, "Accept-Language": false, "User-Agent": false, "Content-Type": false, "If-Match": false,
		"Range":  false,
		"Origin": false, "Referer": false, "Cookie": false, "Idempotency-Key": false, "Prefer": false,
		"Traceparent": false, "Tracestate": false,
		"Baggage": false, "B3": false, "X-B3-Traceid": false, "X-Correlation-Id": false, "X-Cloud-Trace-Context": false,
		"X-Amzn-Trace-Id":  false,
		"X-Requested-With": false, "X-Csrf-Token": false, "X-Xsrf-Token": false, "X-Api-Key": false, "X-Api-Version": false,
		"X-Auth-Token": false, "X-Jwt-Token": false, "X-Access-Token": false, "X-Hub-Signature-256": false, "Stripe-Signature": false,
		"X-Github-Event": false,
		"X-Grpc-Web":     false, "X-User-Agent": false, "Grpc-Timeout": false, "Grpc-Metadata-Trace": false,
		"Sec-Websocket-Key": false,
		"Sec-Fetch-Site":    false, "Dpr": false, "Save-Data": false, "X-Tenant-Id": false, "X-Hasura-Admin-Secret": false,
		"Uid":        false,
		"X-Amz-Date": false, "X-Amz-Content-Sha256": false, "X-Amz-Meta-Author": false, "X-Ms-Version": false,
		"X-Ms-Client-Request-Id": false,
		"X-Goog-Api-Key":         false, "X-Firebase-Appcheck": false, "X-Client-Version": false, "X-Device-Id": false,
		"X-Timezone":        false,
		"Anthropic-Version": false, "Openai-Organization": false, "X-Shopify-Topic": false,
		"Apollographql-Client-Name": false,
	} {
		if refused(name) != want {
			t.Errorf("%s: refused is %v", name, !want)
		}
	}
}

// TestRefused_scripts: what CORS lets scripts send by default is handed on.
func TestRefused_scripts(t *testing.T) {
	for _, name := range cors.DefaultHeaders() {
		if !Delivers(name) {
			t.Errorf("%s is allowed to scripts, and stays here", name)
		}
	}
}

// TestProducts_documented: the documentation has every row.
func TestProducts_documented(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/upstreams.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range products {
		if want := "| " + p.name + " | `" + strings.Join(p.fields, "`, `") + "` |\n"; !strings.Contains(string(text), want) {
			t.Errorf("docs/upstreams.md lacks the row\n%s", want)
		}
	}
}

func TestDelivers(t *testing.T) {
	for name, want := range map[string]bool{
		"x-mode": true, "If-Match": true, "X-Request-ID": true, "x-forwarded-for": true,
		"X_Mode": false, "X_Request_Id": false, "x-user-id": false, "X-Forwarded-User": false, "TE": false, "Upgrade": false,
	} {
		if Delivers(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

// BenchmarkRefused is what the names of one request cost.
func BenchmarkRefused(b *testing.B) {
	names := []string{"Accept", "Accept-Encoding", "Accept-Language", "Content-Type", "Cookie", "Origin", "Referer",
		"User-Agent", "X-Requested-With"}
	b.ReportAllocs()
	for b.Loop() {
		for _, name := range names {
			if refused(name) {
				b.Fatal(name)
			}
		}
	}
}
