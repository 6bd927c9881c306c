package diff

import (
	"reflect"

	"github.com/polyplan/polyplan/pkg/resource"
)

// value takes a value out of go-cmp's hands; what is not there is nil.
func value(v reflect.Value) any {
	if !v.IsValid() || !v.CanInterface() {
		return nil
	}
	out := v.Interface()
	if s, ok := out.(*resource.Secret); ok && s == nil {
		return nil
	}
	return out
}
