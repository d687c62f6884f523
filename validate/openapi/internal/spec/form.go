package spec

// Check reads c and everything below as an object of kind k, for its form alone. What
// nothing else reads, such as a callback, is then still what OpenAPI has.
func (c Cursor) Check(k Kind) {
	key := opening{k, c.src, c.pointer}
	if c.l.checked[key] {
		return
	}
	c.l.checked[key] = true
	o, ok := c.Open(k)
	if !ok {
		return
	}
	if tables[k].named != "" {
		o.Named(func(_ string, child Object) { child.Place.Check(child.kind) })
		return
	}
	o.each(func(name string, m Cursor) { m.below(tables[k].members[name]) })
}

// below checks the objects that a member holds.
func (c Cursor) below(m member) {
	switch m.form {
	case formObject:
		c.Check(m.kind)
	case formObjects:
		c.Each(func(item Cursor) { item.Check(m.kind) })
	case formMap:
		c.Members(func(_ string, item Cursor) { item.Check(m.kind) })
	}
}

// have notes where c is not what a member holds. The objects below are another matter.
func (c Cursor) have(m member) {
	switch m.form {
	case formText:
		c.text(true)
	case formFlag:
		c.flag(true, false)
	case formTexts:
		if c.array() {
			c.Each(func(item Cursor) { item.text(true) })
		}
	case formSchema:
		c.schema()
	case formObject:
		c.Object()
	case formObjects:
		c.array()
	case formMap:
		c.names()
	case formSchemas:
		if c.names() {
			c.Members(func(_ string, item Cursor) { item.schema() })
		}
	case formNeeds:
		c.needs()
	}
}

func (c Cursor) text(is bool) string {
	s, isText := c.Value.(string)
	if is && !isText {
		c.Fail("must be a text")
	}
	return s
}

func (c Cursor) flag(is, otherwise bool) bool {
	if !is {
		return otherwise
	}
	b, isBool := c.Value.(bool)
	if !isBool {
		c.Fail("must be true or false")
	}
	return b
}

func (c Cursor) array() bool {
	_, ok := c.Value.([]any)
	if !ok {
		c.Fail("must be an array")
	}
	return ok
}

// schema tells a schema from what cannot be one. Its keywords are not read here.
func (c Cursor) schema() {
	_, isObject := c.Value.(map[string]any)
	_, isBool := c.Value.(bool)
	switch {
	case isBool && c.Version() == "3.0":
		c.Fail("must be a schema")
	case !isBool && !isObject:
		c.Fail("must be a schema, which is a boolean or an object")
	}
}

// names notes where c does not map names to anything. A $ref is no name that an author
// chooses, and nothing follows it here.
func (c Cursor) names() bool {
	if !c.Object() {
		return false
	}
	if ref, ok := c.Get("$ref"); ok {
		if _, isText := ref.Value.(string); isText {
			ref.Fail("cannot take the place of all names here; write each name with a $ref of its own")
			return false
		}
	}
	return true
}

// needs notes where c is no list of security requirements.
func (c Cursor) needs() {
	if !c.array() {
		return
	}
	c.Each(func(one Cursor) {
		if !one.Object() {
			return
		}
		one.Members(func(_ string, scopes Cursor) { scopes.scopes() })
	})
}

func (c Cursor) scopes() {
	if _, ok := c.Value.([]any); !ok {
		c.Fail("must be a list of scopes, which may be empty")
		return
	}
	c.Each(func(item Cursor) {
		if s, ok := item.Value.(string); !ok || s == "" {
			c.Fail("a scope must be a text")
		}
	})
}

// unknown notes a member that the kind does not have in this version.
func (c Cursor) unknown(name string, k Kind) {
	t, version := tables[k], c.Version()
	if m, ok := t.members[name]; ok {
		c.Failf("%s is a member of the %s Object from OpenAPI %s on, and this document is of %s; "+
			"remove it, or raise the version", name, k, m.since, version)
		return
	}
	remedy := "remove it, or begin its name with x-"
	if near := Closest(name, t.names(version)); near != "" {
		remedy = "did you mean " + near + "?"
	}
	c.Failf("%s is not a member of the %s Object of OpenAPI %s; %s", name, k, version, remedy)
}
