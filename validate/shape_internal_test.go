package validate

import (
	"reflect"
	"strings"
	"testing"
)

// go vet keeps this type from being written down.
func TestJSONNameOnUnexported(t *testing.T) {
	_, err := compile(reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: reflect.TypeFor[int]()},
		{Name: "b", PkgPath: "example", Type: reflect.TypeFor[int](), Tag: `json:"b"`},
	}))
	if err == nil || !strings.Contains(err.Error(), "never filled") {
		t.Errorf("got %v", err)
	}
}

// Every rule of the table is documented, and has its kinds.
func TestEveryRuleHasItsKinds(t *testing.T) {
	for _, f := range formats {
		if on[f.name] == nil {
			t.Errorf("%s is a format and no rule", f.name)
		}
	}
	for _, name := range bare {
		if on[name] == nil && name != "optional" && name != "required" {
			t.Errorf("%s has no kinds", name)
		}
	}
}
