module interop/gopeer

go 1.24

require github.com/ethereum/go-ethereum v1.9.12
