package openapi_test

import (
	"testing"

	"github.com/sallyport-dev/sallyport/validate/openapi"
)

// TestDeepObject: objects in objects, and lists, as clients of Stripe's API write them, and what two readers may read
// otherwise.
func TestDeepObject(t *testing.T) {
	d := parse(t, with("3.0.3", `paths: {/a: {get: {responses: {}, parameters: [
  {name: expand, in: query, style: deepObject, explode: true, schema: {type: array, maxItems: 3, items: {type: string, maxLength: 9}}},
  {name: ids, in: query, style: deepObject, explode: true, schema: {type: array, items: {type: integer}}},
  {name: created, in: query, style: deepObject, explode: true, schema: {anyOf: [{type: object, properties: {gte: {type: integer}, lt: {type: integer}}}, {type: integer}]}},
  {name: trial_end, in: query, style: deepObject, explode: true, schema: {anyOf: [{type: string, enum: [now]}, {type: integer}]}},
  {name: at, in: query, style: deepObject, explode: true, schema: {type: object, properties: {posted: {anyOf: [{type: object, properties: {gte: {type: integer}}}, {type: integer}]}}}}]},
post: {responses: {}, requestBody: {required: true, content: {application/x-www-form-urlencoded: {
  encoding: {items: {style: deepObject, explode: true}, metadata: {style: deepObject, explode: true}, data: {style: deepObject, explode: true}},
  schema: {type: object, properties: {
    items: {type: array, items: {type: object, required: [price], properties: {price: {type: string}, quantity: {type: integer}, tax: {type: array, items: {type: string}}, data: {type: object, properties: {name: {type: string}, amount: {type: integer}}}}}},
    metadata: {anyOf: [{type: object, additionalProperties: {type: string}}, {type: string, enum: ['']}]},
    data: {type: object, additionalProperties: {}}}}}}}}}}`), openapi.Config{})
	for _, c := range []struct{ line, body, want string }{
		{"GET /a?expand[]=customer&expand[]=data", "", ""},
		{"GET /a?expand[0]=customer&expand[1]=data", "", ""},
		{"GET /a?expand%5B1%5D=b&expand%5B0%5D=a", "", ""},
		{"GET /a?expand[]=7", "", ""},
		{"GET /a?expand[]=a&expand[]=b&expand[]=c&expand[]=d", "", "query:expand too_many"},
		{"GET /a?expand[0]=a&expand[1]=aaaaaaaaaa", "", "query:expand/1 too_long"},
		{"GET /a?expand[0]=a&expand[2]=b", "", "query:expand wrong_type"},
		{"GET /a?expand[0]=a&expand[0]=b", "", "query:expand/0 duplicate"},
		{"GET /a?expand[0]=a&expand[]=b", "", "query:expand malformed"},
		{"GET /a?expand=a", "", "query:expand unknown_parameter"},
		{"GET /a?expand[a]=a", "", "query:expand wrong_type"},
		{"GET /a?expand[00]=a", "", "query:expand wrong_type"},
		{"GET /a?expand[=a", "", "query:expand[ unknown_parameter"},
		{"GET /a?expand[0]x=a", "", "query:expand[0]x unknown_parameter"},
		{"GET /a?expand[]x[0]=a", "", "query:expand[]x[0] unknown_parameter"},
		{"GET /a?expand[][0]=a", "", "query:expand[][0] unknown_parameter"},
		{"GET /a?ids[]=1&ids[]=x", "", "query:ids/1 wrong_type"},
		{"GET /a?created=1700000000", "", ""},
		{"GET /a?created[gte]=1&created[lt]=2", "", ""},
		{"GET /a?created[gte]=x", "", "query:created no_match"},
		{"GET /a?created[GTE]=1", "", "query:created/GTE bad_name"},
		{"GET /a?created[role]=1", "", "query:created/role unknown_member"},
		{"GET /a?created=1&created[gte]=2", "", "query:created malformed"},
		{"GET /a?created=x", "", "query:created no_match"},
		{"GET /a?trial_end=now", "", ""},
		{"GET /a?trial_end=7", "", ""},
		{"GET /a?trial_end[x]=7", "", "query:trial_end no_match"},
		{"GET /a?at[posted][gte]=1", "", ""},
		{"GET /a?at[posted]=1", "", ""},
		{"GET /a?at[posted][gte]=x", "", "query:at/posted no_match"},
		{"GET /a?at[posted][gte][a][b][c][d]=1", "", "query:at[posted][gte][a][b][c][d] unknown_parameter"},

		{"POST /a", "items[0][price]=7&items[0][quantity]=2&items[0][tax][]=1&items[1][price]=b&items[1][data][amount]=3", ""},
		{"POST /a", "items[0][price]=a&items[0][quantity]=x", "/items/0/quantity wrong_type"},
		{"POST /a", "items[0][quantity]=1", "/items/0/price required"},
		{"POST /a", "items[0][price]=a&items[0][role]=x", "/items/0/role unknown_member"},
		{"POST /a", "items[0][price]=a&items[0][Price]=x", "/items bad_name"},
		{"POST /a", "items[0][price]=a&items[0][data][amount]=x", "/items/0/data/amount wrong_type"},
		{"POST /a", "metadata[order]=7&metadata[a]=true", ""},
		{"POST /a", "metadata=", ""},
		{"POST /a", "data[a][]=1&data[b][0]=1&data[b][1]=x", ""},
	} {
		r := requestCase{line: c.line, body: c.body}
		if c.body != "" {
			r.header = "Content-Type: application/x-www-form-urlencoded"
		}
		if got := verdict(t, decide(d, r.request())); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.line, c.body, got, c.want)
		}
	}
}
