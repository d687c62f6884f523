// Package formdata reads multipart/form-data bodies (RFC 7578) by a grammar narrower than that of RFC 2046. Readers
// disagree on nearly everything that the wider grammar permits: preamble, padding, line ends, encoded names, names
// given twice. What two of them could read as two forms is an error here, so that a form that was checked is the form
// that the next program reads.
//
// The grammar, over the whole body:
//
//	body        = "--" boundary ( "--" / CRLF part *( delimiter CRLF part ) delimiter "--" ) [ CRLF ]
//	delimiter   = CRLF "--" boundary
//	part        = 1*( field-name ":" OWS field-value OWS CRLF ) CRLF *OCTET ; without "--" boundary
//	disposition = "form-data" ";" [ SP ] "name=" value [ ";" [ SP ] "filename=" value ]
//
// A body is bounded by its caller; the reader holds no copy of it.
package formdata
