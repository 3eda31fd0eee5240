module github.com/seed06459138/torchgo

go 1.26

require github.com/stretchr/testify v1.12.1 // indirect
