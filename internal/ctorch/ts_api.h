/*
 * The C ABI between torchgo's Go side and its shim over libtorch.
 *
 * This header is the only place where a signature is written. `go generate`
 * reads it, and the types in ts_types.h, and writes the function table, the C stubs, the Go wrappers and the
 * shim's initialiser from it (see internal/tools/stubgen for the subset of C
 * that it understands). The order of the prototypes is the order of the table:
 * append only; any other change raises TS_ABI.
 *
 * Errors. A function that can fail returns a ts_error, NULL for success. The
 * caller owns it: ts_error_free. Out-parameters are written only on success.
 * No function throws, none keeps error state between calls.
 *
 * Ownership. A handle written to an out-parameter belongs to the caller, who
 * frees it exactly once with its own ts_<noun>_free. Handles and memory that
 * are passed in are borrowed for the call, unless the function says otherwise.
 *
 * Threads. Every function may be called from any thread, and several at once
 * on the same handle, unless the function says otherwise; freeing a handle
 * must not race with its use. Thread-local state of libtorch (inference mode,
 * grad mode, the JIT's optimise flag, the OpenMP width) is set and restored
 * inside each call.
 */
#ifndef TORCHGO_TS_API_H
#define TORCHGO_TS_API_H

#include "ts_types.h"

#define TS_ABI 1

/* TS_API marks what belongs to the table. The symbols stay hidden: the shim exports ts_get_table alone. */
#define TS_API extern

/* TS_NOEXCEPT ends every prototype: an exception must not reach its caller. */
#ifdef __cplusplus
#define TS_NOEXCEPT noexcept
extern "C" {
#else
#define TS_NOEXCEPT
#endif

/* TS_STEADY goes before it where every pointer that is passed goes to memory that Go's runtime does not move,
 * which its caller keeps for the call: C memory and what is pinned or lies in Go's heap, never on a
 * goroutine's stack. cgo then spends no time on finding out. */
#define TS_STEADY

/* ---- errors ---- */

/* ts_error_read describes e. The strings die with e. */
TS_API void ts_error_read(const ts_error *e, ts_error_info *out) TS_NOEXCEPT;

/* ts_error_free frees e; NULL is allowed. */
TS_API void ts_error_free(ts_error *e) TS_NOEXCEPT;

/* ---- values ---- */

/* ts_values_read gives the array; it dies with v. */
TS_API void ts_values_read(const ts_values *v, const ts_value **data, size_t *n) TS_NOEXCEPT;

/* ts_values_free frees the array and its strings, not the tensors and objects in
 * it: the reader of the array owns those. NULL is allowed. */
TS_API void ts_values_free(ts_values *v) TS_NOEXCEPT;

/* ---- process ---- */

/* ts_build_read says what is running. */
TS_API ts_error *ts_build_read(ts_build_info *out) TS_NOEXCEPT;

/* ts_device_read counts the devices of a type; loads the CUDA libraries first
 * when CUDA is asked for. No device is not an error: missing says why. */
TS_API ts_error *ts_device_read(int32_t device_type, ts_device_info *out) TS_NOEXCEPT;

/* ts_device_synchronize waits for all work of the device. */
TS_API ts_error *ts_device_synchronize(int32_t device_type, int32_t device_index) TS_NOEXCEPT;

/* ts_threads_set sets the number of intra-op threads of every later call. */
TS_API ts_error *ts_threads_set(int32_t n) TS_NOEXCEPT;

/* ts_threads_read tells the number of intra-op threads of calls. */
TS_API ts_error *ts_threads_read(int32_t *n) TS_NOEXCEPT;

/* ---- tensors ---- */

/* ts_tensor_new copies bytes of row-major data into a new CPU tensor. */
TS_API ts_error *ts_tensor_new(const void *data, size_t bytes, const int64_t *shape, size_t ndim, int32_t dtype, ts_tensor **out) TS_NOEXCEPT;

/* ts_tensor_map makes a CPU tensor over memory that the caller keeps until the
 * token comes out of ts_tensor_released. data is the first byte of the storage,
 * bytes its size; strides and offset count elements. */
TS_API ts_error *ts_tensor_map(void *data, size_t bytes, const int64_t *shape, const int64_t *strides, size_t ndim, int64_t offset, int32_t dtype, uint64_t token, ts_tensor **out) TS_NOEXCEPT;

/* ts_tensor_released takes up to cap tokens of ts_tensor_map whose memory no
 * tensor uses any more, and returns their number. */
TS_API size_t ts_tensor_released(uint64_t *tokens, size_t cap) TS_NOEXCEPT;

/* ts_tensor_free gives up one reference; NULL is allowed. */
TS_API void ts_tensor_free(ts_tensor *t) TS_NOEXCEPT;

/* ts_tensor_read describes t. */
TS_API ts_error *ts_tensor_read(const ts_tensor *t, ts_tensor_info *out) TS_NOEXCEPT;

/* ts_tensor_bytes copies the elements of t, row-major, to dst on the host;
 * bytes must be numel * item_bytes. Lazy conjugation and negation are resolved. */
TS_API ts_error *ts_tensor_bytes(const ts_tensor *t, void *dst, size_t bytes) TS_NOEXCEPT;

/* ts_tensor_to gives t on a device with a dtype (-1: as it is). Without copy,
 * the result may be the same tensor. */
TS_API ts_error *ts_tensor_to(const ts_tensor *t, int32_t device_type, int32_t device_index, int32_t dtype, int32_t copy, ts_tensor **out) TS_NOEXCEPT;

/* ts_tensor_copy writes the elements of src into dst in place, converting
 * dtype and device; shapes must be equal. Not safe beside other uses of dst. */
TS_API ts_error *ts_tensor_copy(ts_tensor *dst, const ts_tensor *src) TS_NOEXCEPT;

/* ---- operators ---- */

/* ts_operator_find looks up "aten::add" with overload "Tensor". */
TS_API ts_error *ts_operator_find(const char *name, const char *overload, const ts_operator **out) TS_NOEXCEPT;

/* ts_operator_schema gives the operator's schema as text, as one string value. */
TS_API ts_error *ts_operator_schema(const ts_operator *op, ts_values **out) TS_NOEXCEPT;

/* ts_operator_call calls op with n argument trees; missing trailing arguments take their defaults. The results
 * (one value, or a tuple when the schema has several) are written to out if they fit in cap values and need no
 * strings, else *more owns them. */
TS_API ts_error *ts_operator_call(const ts_operator *op, const ts_value *in, size_t n, uint32_t flags, ts_value *out, size_t cap, ts_values **more) TS_STEADY TS_NOEXCEPT;

/* ---- modules ---- */

/* ts_module_load reads a TorchScript file, with every tensor put on the device.
 * The tensors are inference tensors: calls are faster, gradients impossible. */
TS_API ts_error *ts_module_load(const char *path, int32_t device_type, int32_t device_index, ts_module **out) TS_NOEXCEPT;

/* ts_module_load_bytes does the same from memory, which it does not keep. */
TS_API ts_error *ts_module_load_bytes(const void *data, size_t bytes, int32_t device_type, int32_t device_index, ts_module **out) TS_NOEXCEPT;

/* ts_module_free frees the handle; methods taken from it live on. NULL is allowed. */
TS_API void ts_module_free(ts_module *m) TS_NOEXCEPT;

/* ts_module_clone copies the module with its tensors; methods and their graphs,
 * and so the constants in them, stay shared. */
TS_API ts_error *ts_module_clone(const ts_module *m, ts_module **out) TS_NOEXCEPT;

/* ts_module_train sets training (1) or evaluation (0) mode of the whole tree. Not safe beside other uses of m. */
TS_API ts_error *ts_module_train(ts_module *m, int32_t on) TS_NOEXCEPT;

/* ts_module_submodules lists the tree, the root first: a list of tuples
 * (qualified name, type name, training as bool or none when it has no such flag). */
TS_API ts_error *ts_module_submodules(const ts_module *m, ts_values **out) TS_NOEXCEPT;

/* ts_module_tensors lists what the module computes with: a list of tuples
 * (qualified name, ts_role, tensor). Constants of graphs are named by their
 * text in the source, "" where a pass made them. The tensors are the module's own, not copies. */
TS_API ts_error *ts_module_tensors(const ts_module *m, ts_values **out) TS_NOEXCEPT;

/* ts_module_methods lists the methods: a list of tuples (name, schema text, list of (argument name, type, has
 * default as bool, default or none), list of result types), self left out. */
TS_API ts_error *ts_module_methods(const ts_module *m, ts_values **out) TS_NOEXCEPT;

/* ts_module_method finds a method by name. */
TS_API ts_error *ts_module_method(const ts_module *m, const char *name, ts_method **out) TS_NOEXCEPT;

/* ts_method_free frees the handle; NULL is allowed. */
TS_API void ts_method_free(ts_method *m) TS_NOEXCEPT;

/* ts_method_call calls the method with n argument trees; missing trailing
 * arguments take their defaults. Results as in ts_operator_call. */
TS_API ts_error *ts_method_call(const ts_method *m, const ts_value *in, size_t n, uint32_t flags, ts_value *out, size_t cap, ts_values **more) TS_STEADY TS_NOEXCEPT;

/* ts_module_save writes the module as a TorchScript file, over what is there. */
TS_API ts_error *ts_module_save(const ts_module *m, const char *path) TS_NOEXCEPT;

/* ts_module_freeze gives a copy, in evaluation mode, with parameters and attributes inlined as constants; with
 * optimize, also with operators fused and folded for inference. The module itself is left alone. */
TS_API ts_error *ts_module_freeze(const ts_module *m, int32_t optimize, ts_module **out) TS_NOEXCEPT;

/* ts_module_compile makes a module without parameters from TorchScript source:
 * methods with self as their first argument. */
TS_API ts_error *ts_module_compile(const char *source, ts_module **out) TS_NOEXCEPT;

/* ts_operator_list gives the schemas of all operators of the dispatcher, with
 * their alias annotations: a list of strings, in no order. */
TS_API ts_error *ts_operator_list(ts_values **out) TS_NOEXCEPT;

/* ts_operator_known tells whether TorchScript code can call name ("torchvision::nms"), under any overload. */
TS_API ts_error *ts_operator_known(const char *name, int32_t *known) TS_NOEXCEPT;

/* ts_library_open opens a shared library for good; its static initialisers
 * register operators. Opening it again does nothing. It is tried in a child
 * process first, since one that throws or crashes must not harm this one. */
TS_API ts_error *ts_library_open(const char *path) TS_NOEXCEPT;

/* ---- objects ---- */

/* ts_object_free gives up one reference; NULL is allowed. */
TS_API void ts_object_free(ts_object *o) TS_NOEXCEPT;

/* ts_object_module gives a module over the object itself, not a copy: its class's methods are the module's. */
TS_API ts_error *ts_object_module(const ts_object *o, ts_module **out) TS_NOEXCEPT;

/* ---- memory ---- */

/* ts_memory_read tells what the allocator of a device holds: of the CPU, malloc and the shim's own for large blocks. */
TS_API ts_error *ts_memory_read(int32_t device_type, int32_t device_index, ts_memory_info *out) TS_NOEXCEPT;

/* ts_memory_trim gives what the allocator of a device type keeps for later back
 * to the system. A type that is not in use has nothing to give. */
TS_API ts_error *ts_memory_trim(int32_t device_type) TS_NOEXCEPT;

/* ---- settings ---- */

/* ts_setting_read tells a setting. */
TS_API ts_error *ts_setting_read(int32_t setting, int64_t *out) TS_NOEXCEPT;

/* ts_setting_write changes a setting for the whole process. Not safe beside calls. */
TS_API ts_error *ts_setting_write(int32_t setting, int64_t value) TS_NOEXCEPT;

/* ts_device_health gives the error that a device of a type failed with for good,
 * or NULL. From then on every call that uses one fails with TS_CODE_FAULT. */
TS_API ts_error *ts_device_health(int32_t device_type) TS_NOEXCEPT;

/* ---- attributes ---- */

/* ts_module_attribute gives an attribute of the module, or of one inside it:
 * "a.b". Constants of the class are found too. */
TS_API ts_error *ts_module_attribute(const ts_module *m, const char *path, ts_values **out) TS_NOEXCEPT;

/* ts_module_set_attribute sets an attribute to one tree of n values, which must be
 * of the attribute's type. Not safe beside other uses of m. */
TS_API ts_error *ts_module_set_attribute(ts_module *m, const char *path, const ts_value *in, size_t n) TS_NOEXCEPT;

/* ts_module_share gives a second handle to the same module. */
TS_API ts_error *ts_module_share(const ts_module *m, ts_module **out) TS_NOEXCEPT;

/* ts_module_extra_files gives the extra files that the module came with, and is
 * saved with: a dict of strings. Clones and frozen copies have them too. */
TS_API ts_error *ts_module_extra_files(const ts_module *m, ts_values **out) TS_NOEXCEPT;

/* ts_module_set_extra_files replaces them by one dict of n values. Not safe beside other uses of m. */
TS_API ts_error *ts_module_set_extra_files(ts_module *m, const ts_value *in, size_t n) TS_NOEXCEPT;

/* ts_module_save_bytes gives what ts_module_save writes, as one string. */
TS_API ts_error *ts_module_save_bytes(const ts_module *m, ts_values **out) TS_NOEXCEPT;

/* ---- graphs ---- */

/* ts_module_code gives the module's class, and those it refers to, as source. */
TS_API ts_error *ts_module_code(const ts_module *m, ts_values **out) TS_NOEXCEPT;

/* ts_method_graph gives the method's graph as text: as it was written, or, with
 * optimized, as it is executed now, "" when that is not decided yet. */
TS_API ts_error *ts_method_graph(const ts_method *m, int32_t optimized, ts_values **out) TS_NOEXCEPT;

/* ts_module_device_constants lists the devices that methods name: a list of
 * tuples (method, device as text, operator, file, line, source text). */
TS_API ts_error *ts_module_device_constants(const ts_module *m, ts_values **out) TS_NOEXCEPT;

/* ts_module_mutations lists the attributes that methods write, in the mode that the module is in: a list of
 * tuples (method, attribute, operator, file, line, source text). */
TS_API ts_error *ts_module_mutations(const ts_module *m, ts_values **out) TS_NOEXCEPT;

/* ---- executors ---- */

/* ts_module_executor decides how every method of the module's tree is executed, before any of them is looked
 * up: by the simple executor or the profiling one, and with a fusion strategy of n pairs (0 static or 1
 * dynamic, depth); n < 0 keeps libtorch's. Other modules are not affected. */
TS_API ts_error *ts_module_executor(ts_module *m, int32_t simple, const int64_t *fusion, int32_t n) TS_NOEXCEPT;

/* ---- planned forwards ---- */

/* ts_static_new plans a frozen copy of the module's forward for the static
 * runtime; an error when the graph has what that cannot run. */
TS_API ts_error *ts_static_new(const ts_module *m, ts_static **out) TS_NOEXCEPT;

/* ts_static_free frees the handle; NULL is allowed. */
TS_API void ts_static_free(ts_static *s) TS_NOEXCEPT;

/* ts_static_call is ts_method_call of it; TS_CALL_NO_OPTIMIZE and TS_CALL_GRAD have no effect. */
TS_API ts_error *ts_static_call(const ts_static *s, const ts_value *in, size_t n, uint32_t flags, ts_value *out, size_t cap, ts_values **more) TS_STEADY TS_NOEXCEPT;

/* ts_module_cast gives a copy whose floating-point parameters, buffers and tensor attributes are of another
 * floating-point dtype. Constants of graphs, and casts that the code makes, stay. */
TS_API ts_error *ts_module_cast(const ts_module *m, int32_t dtype, ts_module **out) TS_NOEXCEPT;

/* ---- packages ---- */

/* ts_package_load loads a model, by its name, from a package (.pt2) of AOTInductor, whose code it opens: it is
 * as much to be trusted as a program. The device is that which it was compiled for. A package is unpacked into
 * a temporary folder, which goes with the handle. TS_CODE_NOT_IMPLEMENTED before libtorch 2.6. */
TS_API ts_error *ts_package_load(const char *path, const char *model, int32_t device_type, int32_t device_index, ts_package **out) TS_NOEXCEPT;

/* ts_package_free frees the handle; NULL is allowed. */
TS_API void ts_package_free(ts_package *p) TS_NOEXCEPT;

/* ts_package_spec tells the structure of arguments and results: a list of two
 * strings of JSON, as torch.utils._pytree writes them. */
TS_API ts_error *ts_package_spec(const ts_package *p, ts_values **out) TS_NOEXCEPT;

/* ts_package_call runs the model on n tensors and gives a list of tensors, both
 * flattened. The compiled code checks what it gets, if it was compiled with checks. */
TS_API ts_error *ts_package_call(const ts_package *p, const ts_value *in, size_t n, uint32_t flags, ts_value *out, size_t cap, ts_values **more) TS_NOEXCEPT;

/* ---- recordings ---- */

/* ts_method_steps lists what a run of the method can be stopped at: the operators that compute something, what
 * each call of a submodule gave, and the conditions of branches that depend on the arguments. A list of tuples
 * (qualified name of the submodule, kind of node, file, line, source text, dict of the arguments that are no
 * tensors and the same in every call). What the method calls is looked into too. */
TS_API ts_error *ts_method_steps(const ts_method *m, ts_values **out) TS_NOEXCEPT;

/* ts_recording_new prepares a run of the method, with its graph as it was written. */
TS_API ts_error *ts_recording_new(const ts_method *m, ts_recording **out) TS_NOEXCEPT;

/* ts_recording_free ends the run, waiting for the operator that it is in; NULL is allowed. */
TS_API void ts_recording_free(ts_recording *r) TS_NOEXCEPT;

/* ts_recording_start hands the run n argument trees, as in ts_method_call. It goes
 * on in a thread of its own, and only within ts_recording_next. */
TS_API ts_error *ts_recording_start(ts_recording *r, const ts_value *in, size_t n, uint32_t flags) TS_NOEXCEPT;

/* ts_recording_next runs up to the next step. step becomes its index in ts_method_steps, out the list of its
 * values: those tensors themselves, which the run goes on with. When the run has ended, step becomes -1 and
 * out the list of what it returned; if it failed, its error is returned. One caller at a time. */
TS_API ts_error *ts_recording_next(ts_recording *r, int64_t *step, ts_values **out) TS_NOEXCEPT;

/* ---- gradients ---- */

/* ts_tensor_require_grad lets gradients be recorded for a leaf (1), or not (0).
 * Refused for inference tensors. Not safe beside other uses of t. */
TS_API ts_error *ts_tensor_require_grad(ts_tensor *t, int32_t on) TS_NOEXCEPT;

/* ts_gradients_read lists the gradients of n tensors; none of one that has none. Results as in ts_operator_call.
 * They are the tensors' own, not copies. */
TS_API ts_error *ts_gradients_read(const ts_value *in, size_t n, ts_value *out, size_t cap, ts_values **more) TS_STEADY TS_NOEXCEPT;

/* ts_gradients_write sets gradients: in is n values, pairs of a tensor and its gradient, or none. Not safe beside
 * other uses of the tensors. */
TS_API ts_error *ts_gradients_write(const ts_value *in, size_t n) TS_STEADY TS_NOEXCEPT;

/* ts_backward computes gradients of roots: in is three lists, the roots, their gradients (none: 1, of a root with
 * one element) and the inputs. flags are of ts_backward_flag. Without TS_BACKWARD_ACCUMULATE the gradients of the
 * inputs are listed, else the list is empty, and without inputs all leaves are meant. */
TS_API ts_error *ts_backward(const ts_value *in, size_t n, uint32_t flags, ts_value *out, size_t cap, ts_values **more) TS_STEADY TS_NOEXCEPT;

/* ---- random numbers ---- */

/* ts_random_seed seeds the generators of all devices. */
TS_API ts_error *ts_random_seed(uint64_t seed) TS_NOEXCEPT;

/* ts_random_state gives the state of a device's generator, as bytes on the CPU. */
TS_API ts_error *ts_random_state(int32_t device_type, int32_t device_index, ts_tensor **out) TS_NOEXCEPT;

/* ts_random_restore sets it to such a state. */
TS_API ts_error *ts_random_restore(int32_t device_type, int32_t device_index, const ts_tensor *state) TS_NOEXCEPT;

/* ---- recording modules ---- */

/* A ts_trace is a TorchScript module in the making: operators that are called with tensors it knows are recorded
 * as its method forward. ts_trace_call may be called from several threads at once, the others not. */

/* ts_trace_new begins a module of a class; name is that of the class, an identifier. */
TS_API ts_error *ts_trace_new(const char *name, ts_trace **out) TS_NOEXCEPT;

/* ts_trace_free frees it, finished or not. NULL is allowed. */
TS_API void ts_trace_free(ts_trace *t) TS_NOEXCEPT;

/* ts_trace_register gives the module a parameter, or a buffer, by its name in the state_dict: submodules are made
 * as the name has them. The module keeps the tensor itself. */
TS_API ts_error *ts_trace_register(ts_trace *t, const char *name, const ts_tensor *tensor, int32_t is_buffer) TS_NOEXCEPT;

/* ts_trace_input gives forward an argument, which tensor stands for; name is an identifier. */
TS_API ts_error *ts_trace_input(ts_trace *t, const char *name, const ts_tensor *tensor) TS_NOEXCEPT;

/* ts_trace_call is ts_operator_call, and records the call when one of its tensors is known. */
TS_API ts_error *ts_trace_call(ts_trace *t, const ts_operator *op, const ts_value *in, size_t n, uint32_t flags, ts_value *out, size_t cap, ts_values **more) TS_STEADY TS_NOEXCEPT;

/* ts_trace_finish makes forward return one tree of n values: tensors that were computed, in tuples, lists and dicts. */
TS_API ts_error *ts_trace_finish(ts_trace *t, const ts_value *in, size_t n, ts_module **out) TS_NOEXCEPT;

/* ---- timings ---- */

/* ts_method_time calls the method as ts_method_call does, drops its results, and tells for how many seconds it
 * ran and by which ts_clock: until the device is done, without the way in and out. */
TS_API ts_error *ts_method_time(const ts_method *m, const ts_value *in, size_t n, uint32_t flags, double *seconds, int32_t *clock) TS_NOEXCEPT;

/* ts_memory_reset_peak makes the peak of ts_memory_read begin anew, at what is in use now. TS_CODE_NOT_IMPLEMENTED
 * of the CPU, whose peak is the process's, and before libtorch 2.9. */
TS_API ts_error *ts_memory_reset_peak(int32_t device_type, int32_t device_index) TS_NOEXCEPT;

/* ---- modules in place ---- */

/* ts_module_map does what ts_module_load does, on the CPU, with storages in memory that the caller keeps until the
 * token comes out of ts_tensor_released: of each record under "data/" its name, ended by NUL, its address and its
 * bytes. It refuses what can't be loaded so with TS_CODE_NOT_IMPLEMENTED. */
TS_API ts_error *ts_module_map(const char *path, const char *names, const uint64_t *addresses, const int64_t *bytes, size_t n, uint64_t token, ts_module **out) TS_NOEXCEPT;

/* ---- straight-line code ---- */

/* ts_straight_new plans it of a frozen copy of the module's forward; an error when the graph is not straight. */
TS_API ts_error *ts_straight_new(const ts_module *m, ts_static **out) TS_NOEXCEPT;

/* ---- memory in time ---- */

/* ts_memory_settle gives back what the allocator of a device type keeps for later and did not need for some seconds:
 * of the CPU, whose allocator does so itself only as long as it is asked for large blocks. Others keep what they have. */
TS_API void ts_memory_settle(int32_t device_type) TS_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
