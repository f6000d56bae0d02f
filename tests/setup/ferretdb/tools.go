//go:build tools

// Package tools names FerretDB, so that the module's files can be pinned and vendored; nothing here is compiled.
package tools

import _ "github.com/FerretDB/FerretDB/cmd/ferretdb"
