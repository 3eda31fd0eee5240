package checkpoint

import (
	"strings"
	"unicode/utf8"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// constructor says what a known global builds. Nothing but the switches in
// construct.go looks at it.
type constructor uint8

const (
	buildNothing constructor = iota // may be mentioned, not called
	buildStorageClass
	buildOrderedDict
	buildCounter
	buildSet
	buildFrozenSet
	buildBytes
	buildByteArray
	buildComplex
	buildEncode
	buildSize
	buildDevice
	buildLayout
	buildTensor
	buildTensorV2
	buildTensorV3
	buildParameter
	buildParameterState
	buildFromType
	buildQuantized
	buildSparse
	buildSparseCSR
	buildMeta
	buildTensorClass
	buildDefaultDict
	buildNamespace
	buildNumpyScalar
	buildNumpyArray
	buildNumpyBuffer
	buildNumpyDType
	buildTorchVersion
	buildScriptList
	buildScriptTag
	buildScriptClass
	buildInert
)

type pair struct{ module, name string }

// untypedStorage is the arg of the storage class whose numel counts bytes.
const untypedStorage = uint8(dtype.Uint8) | 0x80

// storageClasses are the names of typed storages, without "Storage".
var storageClasses = map[string]dtype.DType{
	"Double": dtype.Float64, "Float": dtype.Float32, "Half": dtype.Float16, "BFloat16": dtype.BFloat16,
	"Long": dtype.Int64, "Int": dtype.Int32, "Short": dtype.Int16, "Char": dtype.Int8, "Byte": dtype.Uint8,
	"Bool": dtype.Bool, "ComplexDouble": dtype.Complex128, "ComplexFloat": dtype.Complex64,
	"QInt8": dtype.QInt8, "QInt32": dtype.QInt32, "QUInt8": dtype.QUInt8,
	"QUInt4x2": dtype.QUInt4x2, "QUInt2x4": dtype.QUInt2x4,
}

// plainGlobals build data that torch.load(weights_only=True) also builds.
var plainGlobals = map[pair]Global{
	{"collections", "OrderedDict"}:                      {build: buildOrderedDict},
	{"collections", "Counter"}:                          {build: buildCounter},
	{"builtins", "set"}:                                 {build: buildSet},
	{"builtins", "bytearray"}:                           {build: buildByteArray},
	{"builtins", "complex"}:                             {build: buildComplex},
	{"_codecs", "encode"}:                               {build: buildEncode},
	{"torch", "Size"}:                                   {build: buildSize},
	{"torch", "device"}:                                 {build: buildDevice},
	{"torch", "Tensor"}:                                 {build: buildTensorClass},
	{"torch.nn.parameter", "Parameter"}:                 {build: buildTensorClass},
	{"torch.serialization", "_get_layout"}:              {build: buildLayout},
	{"torch._utils", "_rebuild_tensor"}:                 {build: buildTensor},
	{"torch._utils", "_rebuild_tensor_v2"}:              {build: buildTensorV2},
	{"torch._utils", "_rebuild_tensor_v3"}:              {build: buildTensorV3},
	{"torch._utils", "_rebuild_parameter"}:              {build: buildParameter},
	{"torch._utils", "_rebuild_parameter_with_state"}:   {build: buildParameterState},
	{"torch._utils", "_rebuild_qtensor"}:                {build: buildQuantized},
	{"torch._utils", "_rebuild_sparse_tensor"}:          {build: buildSparse},
	{"torch._utils", "_rebuild_sparse_csr_tensor"}:      {build: buildSparseCSR},
	{"torch._utils", "_rebuild_meta_tensor_no_storage"}: {build: buildMeta},
	{"torch._tensor", "_rebuild_from_type_v2"}:          {build: buildFromType},
}

// wideGlobals build data that torch refuses by default although it is only data.
var wideGlobals = map[pair]Global{
	{"builtins", "bytes"}:                      {build: buildBytes},
	{"builtins", "frozenset"}:                  {build: buildFrozenSet},
	{"builtins", "list"}:                       {},
	{"builtins", "dict"}:                       {},
	{"builtins", "int"}:                        {},
	{"builtins", "float"}:                      {},
	{"builtins", "str"}:                        {},
	{"builtins", "bool"}:                       {},
	{"builtins", "tuple"}:                      {},
	{"collections", "defaultdict"}:             {build: buildDefaultDict},
	{"torch.torch_version", "TorchVersion"}:    {build: buildTorchVersion}, // torch.__version__: a kind of str
	{"argparse", "Namespace"}:                  {build: buildNamespace},
	{"numpy", "dtype"}:                         {build: buildNumpyDType},
	{"numpy", "ndarray"}:                       {},
	{"numpy._core.multiarray", "scalar"}:       {build: buildNumpyScalar},
	{"numpy._core.multiarray", "_reconstruct"}: {build: buildNumpyArray},
	{"numpy._core.numeric", "_frombuffer"}:     {build: buildNumpyBuffer},
	{"numpy.core.multiarray", "scalar"}:        {build: buildNumpyScalar},
	{"numpy.core.multiarray", "_reconstruct"}:  {build: buildNumpyArray},
	{"numpy.core.numeric", "_frombuffer"}:      {build: buildNumpyBuffer},
	{"torch.nn.parameter", "Buffer"}:           {build: buildTensorClass},
}

// scriptGlobals occur only in TorchScript archives.
var scriptGlobals = map[pair]Global{
	{"torch.jit._pickle", "build_intlist"}:    {build: buildScriptList, arg: scriptInts},
	{"torch.jit._pickle", "build_doublelist"}: {build: buildScriptList, arg: scriptFloats},
	{"torch.jit._pickle", "build_boollist"}:   {build: buildScriptList, arg: scriptBools},
	{"torch.jit._pickle", "build_tensorlist"}: {build: buildScriptList, arg: scriptTensors},
	{"torch.jit._pickle", "restore_type_tag"}: {build: buildScriptTag},
}

// The element kinds of buildScriptList.
const (
	scriptInts uint8 = iota
	scriptFloats
	scriptBools
	scriptTensors
)

var qschemes = map[string]bool{
	"per_tensor_affine": true, "per_channel_affine": true, "per_tensor_symmetric": true,
	"per_channel_symmetric": true, "per_channel_affine_float_qparams": true,
}

// global looks a name up. An unknown one is refused here, not when it is called.
func (m *machine) global(module, name string) (Value, error) {
	if module == "__builtin__" {
		module = "builtins"
	}
	id := pair{module, name}
	if g, ok := plainGlobals[id]; ok {
		return named(g, id), nil
	}
	if module == "torch" || module == "torch.cuda" || module == "torch.storage" {
		if v := torchName(module, name); v != nil {
			return v, nil
		}
	}
	if m.script {
		if g, ok := scriptGlobals[id]; ok {
			return named(g, id), nil
		}
		if (module == "__torch__" || strings.HasPrefix(module, "__torch__.")) && name != "" {
			return &Global{Module: module, Name: name, build: buildScriptClass}, nil
		}
	}
	if !m.narrow {
		if g, ok := wideGlobals[id]; ok {
			return named(g, id), nil
		}
	}
	if m.inert && module != "" && name != "" && utf8.ValidString(module) && utf8.ValidString(name) {
		return &Global{Module: module, Name: name, build: buildInert}, nil
	}
	return nil, &UnsafeError{Module: module, Name: name}
}

func named(g Global, id pair) *Global {
	g.Module, g.Name = id.module, id.name
	return &g
}

// torchName knows the dtypes, quantization schemes and storage classes.
func torchName(module, name string) Value {
	if class, ok := strings.CutSuffix(name, "Storage"); ok {
		if module == "torch.storage" {
			if class == "Untyped" {
				return &Global{Module: module, Name: name, build: buildStorageClass, arg: untypedStorage}
			}
			return nil
		}
		if element, ok := storageClasses[class]; ok {
			return &Global{Module: module, Name: name, build: buildStorageClass, arg: uint8(element)}
		}
		return nil
	}
	if module != "torch" {
		return nil
	}
	if qschemes[name] {
		return QScheme("torch." + name)
	}
	// The aliases of dtype.Parse are spelled out by every writer.
	if element, err := dtype.Parse(name); err == nil && element.String() == name {
		return DType{element}
	}
	return nil
}
