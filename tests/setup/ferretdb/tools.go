//go:build tools

// Package tools imports FerretDB so that its modules can be pinned and vendored; nothing here is compiled.
package tools

import _ "github.com/FerretDB/FerretDB/cmd/ferretdb"
