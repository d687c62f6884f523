package dpop

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Bounds of a proof's claims, in bytes.
const (
	maxID    = 255
	maxURL   = 4 << 10
	maxDate  = 253402300799 // the last second of the year 9999
	hashSize = 43           // of a SHA-256 in base64url
)

// claims are those that RFC 9449 §4.2 has in a proof. Others are ignored: they are neither read
// nor kept. null is a claim that is missing.
type claims struct {
	JTI   string  `json:"jti"`
	HTM   string  `json:"htm"`
	HTU   string  `json:"htu"`
	IAT   float64 `json:"iat"`
	ATH   string  `json:"ath"`
	Nonce string  `json:"nonce"`

	made time.Time // iat
}

// readClaims reads the payload of a proof whose signature is good. A member that is there twice
// is refused by the JSON reader.
func readClaims(data []byte) (*claims, *Error) {
	c := &claims{}
	if json.Unmarshal(data, c) != nil {
		return nil, ErrBadClaims
	}
	switch {
	case c.JTI == "" || len(c.JTI) > maxID:
	case c.HTM == "" || c.HTU == "" || len(c.HTU) > maxURL:
	case c.ATH != "" && len(c.ATH) != hashSize:
	case !(c.IAT > 0 && c.IAT <= maxDate):
	case strings.ContainsFunc(c.JTI, func(r rune) bool { return r < ' ' || r == 0x7f }):
	default:
		whole := int64(c.IAT)
		c.made = time.Unix(whole, int64((c.IAT-float64(whole))*1e9))
		return c, nil
	}
	return nil, ErrBadClaims
}
