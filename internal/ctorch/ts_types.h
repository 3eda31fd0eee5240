/*
 * The types of the C ABI: handles, values, codes and flags. The functions, and
 * the rules that all of them keep, are in ts_api.h.
 */
#ifndef TORCHGO_TS_TYPES_H
#define TORCHGO_TS_TYPES_H

#include <stddef.h>
#include <stdint.h>

/* ts_error is one failure: a code, a line of text, and where it came from. */
typedef struct ts_error ts_error;

/* ts_tensor is a c10::TensorImpl; the handle owns one reference to it. */
typedef struct ts_tensor ts_tensor;

/* ts_module is a loaded TorchScript module. */
typedef struct ts_module ts_module;

/* ts_method is one method of one module; it keeps the module alive. */
typedef struct ts_method ts_method;

/* ts_static is a module's method forward, planned before it is called. */
typedef struct ts_static ts_static;

/* ts_package is a model that AOTInductor compiled. */
typedef struct ts_package ts_package;

/* ts_recording is a run of a method that stops at every step. */
typedef struct ts_recording ts_recording;

/* ts_trace is a module in the making: its method forward is recorded from calls of operators. */
typedef struct ts_trace ts_trace;

/* ts_operator is a dispatcher operator; it lives as long as the process. */
typedef struct ts_operator ts_operator;

/* ts_values is an array of values that did not fit where the caller wanted it. */
typedef struct ts_values ts_values;

/* ts_object is a c10::ivalue::Object, an instance of a TorchScript class; the handle owns one reference to it. */
typedef struct ts_object ts_object;

/* ts_code says what kind of C++ exception an error was. */
enum ts_code {
  TS_CODE_UNKNOWN = 1,         /* not derived from std::exception */
  TS_CODE_RUNTIME = 2,         /* c10::Error, std::exception */
  TS_CODE_ARGUMENT = 3,        /* refused by the shim before libtorch saw it */
  TS_CODE_INDEX = 4,           /* c10::IndexError, std::out_of_range */
  TS_CODE_VALUE = 5,           /* c10::ValueError */
  TS_CODE_TYPE = 6,            /* c10::TypeError */
  TS_CODE_NOT_IMPLEMENTED = 7, /* c10::NotImplementedError */
  TS_CODE_LINALG = 8,          /* c10::LinAlgError */
  TS_CODE_OUT_OF_MEMORY = 9,   /* c10::OutOfMemoryError, std::bad_alloc */
  TS_CODE_COMPILE = 10,        /* torch::jit::ErrorReport: TorchScript source */
  TS_CODE_SCRIPT = 11,         /* raised while TorchScript ran */
  TS_CODE_DEVICE = 12,         /* the device asked for is not there */
  TS_CODE_NO_OPERATOR = 13,    /* this libtorch has no such operator */
  TS_CODE_NO_METHOD = 14,      /* this module has no such method */
  TS_CODE_FAULT = 15           /* a device failed for good: only a new process can use it again */
};

/* ts_device_type: the numbers of c10::DeviceType. */
enum ts_device_type {
  TS_DEVICE_CPU = 0,
  TS_DEVICE_CUDA = 1
};

/* ts_tag says what a ts_value holds. */
enum ts_tag {
  TS_TAG_NONE = 0,
  TS_TAG_TENSOR = 1,      /* p: ts_tensor; in results, i: bytes of its storage, n: 1 unless it belongs to a graph of gradients */
  TS_TAG_BOOL = 2,        /* i: 0 or 1 */
  TS_TAG_INT = 3,         /* i */
  TS_TAG_FLOAT = 4,       /* re */
  TS_TAG_COMPLEX = 5,     /* re, im */
  TS_TAG_STRING = 6,      /* p, i: bytes and their number; any bytes, no NUL at the end */
  TS_TAG_DEVICE = 7,      /* n: device type, i: index or -1 */
  TS_TAG_LIST = 8,        /* n values follow */
  TS_TAG_TUPLE = 9,       /* n values follow */
  TS_TAG_NAMED_TUPLE = 10, /* a string (type name), then n pairs of string (field) and value */
  TS_TAG_DICT = 11,       /* n pairs of key and value follow */
  TS_TAG_OBJECT = 12,     /* p: ts_object; in results a string (type name), then n pairs of string (attribute) and value */
  TS_TAG_DEFAULT = 13     /* among the arguments of a call only: what the schema says, or none */
};

/* ts_value is one node of an IValue tree. A tree is an array in pre-order: a container's values follow it.
 * Tensors and objects in results are owned by the receiver. */
typedef struct ts_value {
  uint32_t tag;
  uint32_t n;
  void *p;
  int64_t i;
  double re;
  double im;
} ts_value;

/* ts_error_info is what ts_error_read tells. The strings belong to the error. */
typedef struct ts_error_info {
  int32_t code;
  const char *message; /* what went wrong, as libtorch says it, without traces */
  const char *script;  /* TorchScript traceback, or "" */
  const char *native;  /* C++ backtrace, or "" */
} ts_error_info;

/* ts_build_info says what is running. The strings live as long as the process. */
typedef struct ts_build_info {
  const char *libtorch_version; /* of the headers the shim was compiled with: "2.15.0" */
  const char *libtorch_path;    /* the libtorch_cpu.so in this process */
  const char *shim_path;        /* the shim in this process */
  const char *compiler;         /* that built the shim */
  const char *source;           /* where the build took libtorch from */
  const char *config;           /* at::show_config() */
  const char *cpu_capability;   /* "AVX2", … : the kernels in use */
  int32_t cxx11_abi;            /* 1: std::__cxx11 */
} ts_build_info;

/* ts_device_info tells how many devices of a type there are. */
typedef struct ts_device_info {
  int32_t count;        /* of devices of the type asked for */
  const char *missing;  /* why count is 0, or ""; lives as long as the process */
} ts_device_info;

enum ts_tensor_flag {
  TS_TENSOR_CONTIGUOUS = 1,
  TS_TENSOR_REQUIRES_GRAD = 2,
  TS_TENSOR_STRIDED = 4,   /* has sizes, strides and one storage */
  TS_TENSOR_CONJ = 8,      /* elements are to be read conjugated */
  TS_TENSOR_NEG = 16,      /* elements are to be read negated */
  TS_TENSOR_QUANTIZED = 32,
  TS_TENSOR_INFERENCE = 64,
  TS_TENSOR_LEAF = 128     /* its gradient is kept: no operator recorded how it was computed */
};

/* ts_tensor_info describes a tensor. sizes, strides and the addresses stay valid
 * while the tensor lives and is not resized. */
typedef struct ts_tensor_info {
  const int64_t *sizes;   /* ndim entries */
  const int64_t *strides; /* ndim entries in elements; NULL unless strided */
  void *data;             /* the first element; NULL unless strided */
  void *storage;          /* the storage's first byte: equal for tensors that share it */
  int64_t storage_bytes;
  int64_t numel;
  int32_t ndim;
  int32_t dtype;          /* c10::ScalarType */
  int32_t device_type;    /* c10::DeviceType */
  int32_t device_index;   /* 0 for the CPU */
  uint32_t flags;         /* ts_tensor_flag */
  int32_t item_bytes;
} ts_tensor_info;

enum ts_call_flag {
  TS_CALL_GRAD = 1,          /* of methods: record gradients; without it the call runs in inference mode */
  TS_CALL_NO_OPTIMIZE = 2,   /* interpret the graph as it was written */
  TS_CALL_REPLACE = 4,       /* out[0].p is a tensor, or NULL, that is freed if the result is one tensor */
  TS_CALL_NO_RESULTS = 8,    /* write none: they are arguments that were written to */
  TS_CALL_ASYNC = 16,        /* work of a CUDA device may go on after the call, on the default stream */
  TS_CALL_NO_GRAD = 32,      /* of operators: record nothing; without it they record when an argument requires grad */
  TS_CALL_AUTOCAST = 64,     /* of operators: on the CPU, those that gain by it compute in a narrower dtype, */
  TS_CALL_AUTOCAST_CUDA = 128, /* or on CUDA; that c10::ScalarType stands in the bits from TS_CALL_AUTOCAST_DTYPE on */
  TS_CALL_AUTOCAST_DTYPE = 65536
};

/* ts_backward_flag says how ts_backward goes about it. */
enum ts_backward_flag {
  TS_BACKWARD_RETAIN = 1,     /* keep the graph for another time */
  TS_BACKWARD_CREATE = 2,     /* record the backward pass itself */
  TS_BACKWARD_ACCUMULATE = 4, /* add the gradients to those that the inputs, or all leaves, have */
  TS_BACKWARD_UNUSED = 8      /* an input that the roots do not depend on has no gradient, instead of an error */
};

/* ts_clock says by what a call was timed. */
enum ts_clock {
  TS_CLOCK_HOST = 0,  /* the monotonic clock of the host, until the device is done */
  TS_CLOCK_DEVICE = 1 /* events of the device, which it records between two pieces of its work */
};

/* ts_setting names what libtorch keeps for the whole process. */
enum ts_setting {
  TS_SETTING_TF32 = 0,          /* 1: float32 products of cuBLAS and cuDNN may be rounded to TF32 */
  TS_SETTING_DETERMINISTIC = 1, /* 1: operators give equal results each time, or refuse */
  TS_SETTING_INTER_OP = 2       /* threads for what TorchScript forks; to be set before the first fork */
};

/* ts_memory_info tells what a device's allocator holds, in bytes. */
typedef struct ts_memory_info {
  int64_t allocated; /* in use */
  int64_t reserved;  /* taken from the system, in use or kept for later */
  int64_t peak;      /* the most that was in use; of the CPU: of the process, with all that is mapped */
} ts_memory_info;

enum ts_role {
  TS_ROLE_PARAMETER = 0,
  TS_ROLE_BUFFER = 1,
  TS_ROLE_ATTRIBUTE = 2, /* a tensor held in a plain attribute, also inside lists, tuples, dicts, objects */
  TS_ROLE_CONSTANT = 3   /* a tensor constant of a method's graph */
};

#endif
