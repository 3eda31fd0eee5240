package checkpoint

import (
	"math"
	"strconv"
)

// key identifies a hashable value: two values have the same key exactly when
// Python finds them equal. Unlike the values it can always be compared.
type key struct {
	kind keyKind
	num  uint64
	text string
	ref  *Object
}

type keyKind uint8

const (
	keyNone keyKind = iota
	keyInt
	keyBig
	keyFloat
	keyComplex
	keyString
	keyBytes
	keyTuple
	keyName // dtypes, devices and other things that are their name
	keyFrozen
	keyObject
)

// longestKey bounds the flattened form of a tuple. Tuples of shared tuples are
// small files with astronomically large values; torch hangs on them.
const longestKey = 1 << 12

func keyOf(v Value) (key, error) {
	switch v := v.(type) {
	case String:
		return key{kind: keyString, text: string(v)}, nil
	case Int:
		return key{kind: keyInt, num: uint64(v)}, nil
	case Bool:
		if v {
			return key{kind: keyInt, num: 1}, nil
		}
		return key{kind: keyInt}, nil
	case Float:
		return floatKey(float64(v)), nil
	case None:
		return key{kind: keyNone}, nil
	case Bytes:
		return key{kind: keyBytes, text: string(v)}, nil
	case *Big:
		return key{kind: keyBig, num: uint64(v.Int.Sign()), text: string(v.Int.Bytes())}, nil
	case Complex:
		if imag(v) == 0 {
			return floatKey(real(v)), nil
		}
		return key{kind: keyComplex, num: floatBits(real(v)), text: strconv.FormatUint(floatBits(imag(v)), 16)}, nil
	case *Tuple:
		return flatKey(keyTuple, v.Items)
	case Size:
		items := make([]Value, len(v))
		for i, n := range v {
			items[i] = Int(n)
		}
		return flatKey(keyTuple, items)
	case DType:
		return key{kind: keyName, text: "torch." + v.String()}, nil
	case Device:
		return key{kind: keyName, text: "device " + string(v)}, nil
	case Layout:
		return key{kind: keyName, text: string(v)}, nil
	case QScheme:
		return key{kind: keyName, text: string(v)}, nil
	case *Global:
		return key{kind: keyName, text: "global " + v.String()}, nil
	case *Object:
		return key{kind: keyObject, ref: v}, nil
	}
	return key{}, fail(ErrPickle, "%s as a dict key or set member, which Python cannot hash", nameType(v))
}

// floatBits makes both zeros one.
func floatBits(f float64) uint64 { return math.Float64bits(f + 0) }

func floatKey(f float64) key {
	if i := int64(f); f >= -1<<63 && f < 1<<63 && float64(i) == f {
		return key{kind: keyInt, num: uint64(i)}
	}
	return key{kind: keyFloat, num: floatBits(f)}
}

// flatKey writes the keys of the items, each with its length, into one text.
func flatKey(kind keyKind, items []Value) (key, error) {
	flat, err := appendKeys(nil, items, 0)
	return key{kind: kind, text: string(flat)}, err
}

func appendKeys(flat []byte, items []Value, depth int) ([]byte, error) {
	if depth > 32 {
		return nil, fail(ErrLimit, "a tuple nested more than 32 deep as a dict key or set member")
	}
	for _, item := range items {
		if len(flat) > longestKey {
			return nil, fail(ErrLimit, "a tuple of more than %d bytes as a dict key or set member", longestKey)
		}
		if inner, ok := item.(*Tuple); ok {
			var err error
			flat = append(flat, '(')
			if flat, err = appendKeys(flat, inner.Items, depth+1); err != nil {
				return nil, err
			}
			flat = append(flat, ')')
			continue
		}
		id, err := keyOf(item)
		if err != nil {
			return nil, err
		}
		if id.ref != nil {
			return nil, fail(ErrUnsupported, "an object of class %s inside a tuple that is a dict key", printable(id.ref.Class))
		}
		flat = append(flat, 'a'+byte(id.kind))
		flat = strconv.AppendUint(flat, id.num, 16)
		flat = append(flat, ':')
		flat = strconv.AppendInt(flat, int64(len(id.text)), 10)
		flat = append(flat, ':')
		flat = append(flat, id.text...)
	}
	return flat, nil
}
