package cors

import (
	"slices"
	"strings"
)

// DefaultMethods returns what Config.Methods is by default. QUERY is safe, and not safelisted
// (RFC 10008).
func DefaultMethods() []string { return slices.Clone(defaultMethods) }

// DefaultHeaders returns what Config.Headers is by default: fields that browsers, and widely used
// libraries in them, set on requests.
func DefaultHeaders() []string { return slices.Clone(defaultHeaders) }

// DefaultExposedHeaders returns what Config.ExposedHeaders is by default: fields by which APIs
// tell a client how to go on.
func DefaultExposedHeaders() []string { return slices.Clone(defaultExposed) }

var defaultMethods = []string{"PUT", "PATCH", "DELETE", "QUERY"}

// defaultHeaders has the safelisted fields too: a browser asks for them where their value is long
// or unusual (Fetch, "CORS-safelisted request-header").
var defaultHeaders = slices.Concat(
	// Of HTTP: negotiation, conditions, ranges, caching, bodies.
	strings.Fields(`Accept Accept-Language Authorization Cache-Control Content-Digest Content-Disposition
		Content-Encoding Content-Language Content-Range Content-Type DPoP Idempotency-Key If-Match If-Modified-Since
		If-None-Match If-Range If-Unmodified-Since Last-Event-ID Pragma Prefer Priority Range`),
	// Of libraries and frameworks: axios, jQuery, Angular, Django, Rails and Laravel, Apollo, SignalR, OData.
	strings.Fields(`X-Requested-With X-CSRF-Token X-CSRFToken X-XSRF-TOKEN X-API-Key X-API-Version X-Client-Version
		Apollo-Require-Preflight Apollographql-Client-Name Apollographql-Client-Version GraphQL-Preflight
		X-SignalR-User-Agent OData-Version OData-MaxVersion`),
	// Of remote calls and resumable uploads: gRPC-Web, Connect, MCP, tus.
	strings.Fields(`Connect-Protocol-Version Connect-Timeout-Ms Grpc-Timeout X-Grpc-Web X-User-Agent
		Mcp-Method Mcp-Name Mcp-Protocol-Version Mcp-Session-Id Tus-Resumable Upload-Checksum Upload-Complete
		Upload-Concat Upload-Defer-Length Upload-Draft-Interop-Version Upload-Length Upload-Metadata Upload-Offset`),
	// Of tracing: W3C, Sentry, Datadog, Zipkin, Jaeger, New Relic, Elastic, Application Insights, X-Ray.
	strings.Fields(`Baggage Traceparent Tracestate Sentry-Trace X-Datadog-Origin X-Datadog-Parent-Id
		X-Datadog-Sampling-Priority X-Datadog-Tags X-Datadog-Trace-Id B3 X-B3-Flags X-B3-ParentSpanId X-B3-Sampled
		X-B3-SpanId X-B3-TraceId Uber-Trace-Id Newrelic Elastic-Apm-Traceparent Request-Context Request-Id
		X-Amzn-Trace-Id X-Correlation-ID X-Request-ID`),
)

// defaultExposed is sent with every response to a script, so that it is shorter.
var defaultExposed = slices.Concat(
	strings.Fields(`Accept-Patch Accept-Post Accept-Query Accept-Ranges Age Allow Content-Digest Content-Disposition
		Content-Encoding Content-Location Content-Range Date Deprecation DPoP-Nonce ETag Link Location Preference-Applied
		RateLimit RateLimit-Policy Retry-After Sunset WWW-Authenticate`),
	strings.Fields(`X-Total-Count X-Total X-Total-Pages X-Page X-Per-Page X-Next-Page X-Prev-Page
		X-RateLimit-Limit X-RateLimit-Remaining X-RateLimit-Reset X-Request-ID X-Correlation-ID Idempotent-Replayed
		Operation-Location OData-Version Traceparent`),
	strings.Fields(`Grpc-Message Grpc-Status Grpc-Status-Details-Bin Mcp-Session-Id Tus-Extension Tus-Max-Size
		Tus-Resumable Tus-Version Upload-Expires Upload-Length Upload-Offset`),
)
