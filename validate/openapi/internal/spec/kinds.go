package spec

// The kinds of objects (OpenAPI 3.0.4, 3.1.2 and 3.2.0 §4).
const (
	OpenAPI        Kind = "OpenAPI"
	Info           Kind = "Info"
	Contact        Kind = "Contact"
	License        Kind = "License"
	Server         Kind = "Server"
	ServerVariable Kind = "Server Variable"
	Components     Kind = "Components"
	Paths          Kind = "Paths"
	PathItem       Kind = "Path Item"
	Operation      Kind = "Operation"
	Parameter      Kind = "Parameter"
	Header         Kind = "Header"
	RequestBody    Kind = "Request Body"
	MediaType      Kind = "Media Type"
	Encoding       Kind = "Encoding"
	Responses      Kind = "Responses"
	Response       Kind = "Response"
	Callback       Kind = "Callback"
	Link           Kind = "Link"
	Tag            Kind = "Tag"
	ExternalDocs   Kind = "External Documentation"
	SecurityScheme Kind = "Security Scheme"
	OAuthFlows     Kind = "OAuth Flows"
	OAuthFlow      Kind = "OAuth Flow"
)

// tables has the one table of each kind. A member that decides who may call or what may
// pass has its form; one that documents is a note, of any type and in any version.
var tables = map[Kind]*table{
	OpenAPI: {members: map[string]member{
		"openapi":           text(),
		"$self":             text().from("3.2"),
		"$schema":           text(), // of no version, but what editors read: see document.go
		"info":              object(Info),
		"jsonSchemaDialect": text().from("3.1"),
		"servers":           objects(Server),
		"paths":             object(Paths),
		"webhooks":          mapOf(PathItem).from("3.1"),
		"components":        object(Components),
		"security":          needs(),
		"tags":              objects(Tag),
		"externalDocs":      idle(object(ExternalDocs)),
	}},
	Info: {members: map[string]member{
		"title":          note(),
		"summary":        note(),
		"description":    note(),
		"termsOfService": note(),
		"contact":        object(Contact),
		"license":        object(License),
		"version":        note(),
	}},
	Contact: {members: map[string]member{"name": note(), "url": note(), "email": note()}},
	License: {members: map[string]member{"name": note(), "identifier": note(), "url": note()}},
	Server: {members: map[string]member{
		"url":         text(),
		"description": note(),
		"name":        note(),
		"variables":   mapOf(ServerVariable),
	}},
	ServerVariable: {members: map[string]member{
		"enum":        texts(),
		"default":     text(),
		"description": note(),
	}},
	Components: {members: map[string]member{
		"schemas":         schemas(),
		"responses":       mapOf(Response),
		"parameters":      mapOf(Parameter),
		"examples":        note(),
		"requestBodies":   mapOf(RequestBody),
		"headers":         mapOf(Header),
		"securitySchemes": mapOf(SecurityScheme),
		"links":           mapOf(Link),
		"callbacks":       mapOf(Callback),
		"pathItems":       mapOf(PathItem).from("3.1"),
		"mediaTypes":      mapOf(MediaType).from("3.2"),
	}},
	Paths:    {named: PathItem},
	Callback: {named: PathItem},
	PathItem: {merges: true, members: map[string]member{
		"summary":              note(),
		"description":          note(),
		"get":                  object(Operation),
		"put":                  object(Operation),
		"post":                 object(Operation),
		"delete":               object(Operation),
		"options":              object(Operation),
		"head":                 object(Operation),
		"patch":                object(Operation),
		"trace":                object(Operation),
		"query":                object(Operation).from("3.2"),
		"additionalOperations": mapOf(Operation).from("3.2"),
		"servers":              objects(Server),
		"parameters":           objects(Parameter),
	}},
	Operation: {members: map[string]member{
		"tags":         note(),
		"summary":      note(),
		"description":  note(),
		"externalDocs": idle(object(ExternalDocs)),
		"operationId":  text(),
		"parameters":   objects(Parameter),
		"requestBody":  object(RequestBody),
		"responses":    object(Responses),
		"callbacks":    idle(mapOf(Callback)),
		"deprecated":   idle(flag()),
		"security":     needs(),
		"servers":      objects(Server),
	}},
	Parameter: {members: map[string]member{
		"name":            text(),
		"in":              text(),
		"description":     note(),
		"required":        flag(),
		"deprecated":      idle(flag()),
		"allowEmptyValue": flag(),
		"style":           text(),
		"explode":         flag(),
		"allowReserved":   flag(),
		"schema":          schema(),
		"content":         mapOf(MediaType),
		"example":         note(),
		"examples":        note(),
	}},
	Header: {members: map[string]member{
		"description":     note(),
		"required":        flag(),
		"deprecated":      idle(flag()),
		"allowEmptyValue": flag(),
		"style":           text(),
		"explode":         flag(),
		"allowReserved":   flag(),
		"schema":          schema(),
		"content":         mapOf(MediaType),
		"example":         note(),
		"examples":        note(),
	}},
	RequestBody: {members: map[string]member{
		"description": note(),
		"content":     mapOf(MediaType),
		"required":    flag(),
	}},
	MediaType: {members: map[string]member{
		"description":    note(),
		"schema":         schema(),
		"itemSchema":     schema().from("3.2"),
		"encoding":       mapOf(Encoding),
		"prefixEncoding": objects(Encoding).from("3.2"),
		"itemEncoding":   object(Encoding).from("3.2"),
		"example":        note(),
		"examples":       note(),
	}},
	Encoding: {members: map[string]member{
		"contentType":    text(),
		"headers":        mapOf(Header),
		"style":          text(),
		"explode":        flag(),
		"allowReserved":  flag(),
		"encoding":       mapOf(Encoding).from("3.2"),
		"prefixEncoding": objects(Encoding).from("3.2"),
		"itemEncoding":   object(Encoding).from("3.2"),
	}},
	Responses: {named: Response},
	Response: {members: map[string]member{
		"summary":     note(),
		"description": note(),
		"headers":     idle(mapOf(Header)),
		"content":     mapOf(MediaType),
		"links":       idle(mapOf(Link)),
	}},
	Link: {members: map[string]member{
		"operationRef": note(),
		"operationId":  note(),
		"parameters":   note(),
		"requestBody":  note(),
		"description":  note(),
		"server":       object(Server),
	}},
	Tag: {members: map[string]member{
		"name":         note(),
		"summary":      note(),
		"description":  note(),
		"externalDocs": idle(object(ExternalDocs)),
		"parent":       note(),
		"kind":         note(),
	}},
	ExternalDocs: {members: map[string]member{"description": note(), "url": note()}},
	SecurityScheme: {members: map[string]member{
		"type":              text(),
		"description":       note(),
		"name":              text(),
		"in":                text(),
		"scheme":            text(),
		"bearerFormat":      idle(text()),
		"flows":             idle(object(OAuthFlows)),
		"openIdConnectUrl":  idle(text()),
		"oauth2MetadataUrl": idle(text()),
		"deprecated":        idle(flag()),
	}},
	OAuthFlows: {members: map[string]member{
		"implicit":            object(OAuthFlow),
		"password":            object(OAuthFlow),
		"clientCredentials":   object(OAuthFlow),
		"authorizationCode":   object(OAuthFlow),
		"deviceAuthorization": object(OAuthFlow).from("3.2"),
	}},
	OAuthFlow: {members: map[string]member{
		"authorizationUrl":       note(),
		"deviceAuthorizationUrl": note(),
		"tokenUrl":               note(),
		"refreshUrl":             note(),
		"scopes":                 note(),
	}},
}
