package ratelimit

import "fmt"

// ConfigError is a setting that cannot be used.
type ConfigError struct {
	// Field is the name of the setting.
	Field string
	// Value is what it was.
	Value string
	// Reason says which rule it breaks, and the remedy.
	Reason string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("ratelimit: %s %q: %s", e.Field, e.Value, e.Reason)
}

func configError(field string, value any, reason string) error {
	return &ConfigError{field, fmt.Sprint(value), reason}
}
