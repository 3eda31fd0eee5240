#include "direct.h"

#include <array>
#include <optional>

namespace torchgo {
namespace {

// A default is that of a Scalar, if the schema has one; tensors have none.
using Default = std::optional<at::Scalar>;

Default default_of(const c10::Argument &declared) {
  if (declared.type()->kind() != c10::TypeKind::NumberType || !declared.default_value()) return {};
  return declared.default_value()->toScalar();
}

// Given is one argument: in is what the caller gave, or null for the default.
template <class A>
class Given;

// A tensor is lent by its handle, which holds a reference for the length of the call.
template <>
class Given<const at::Tensor &> {
 public:
  static constexpr c10::TypeKind kind = c10::TypeKind::TensorType;

  Given(const ts_value *in, const Default &) {
    if (in != nullptr && in->tag == TS_TAG_TENSOR && in->p != nullptr) {
      tensor = at::Tensor(TensorRef::reclaim(static_cast<c10::TensorImpl *>(in->p)));
    }
  }
  ~Given() { tensor.unsafeReleaseTensorImpl(); }
  Given(const Given &) = delete;
  Given &operator=(const Given &) = delete;

  // Calls on other devices have a stream to see to.
  bool plain() const { return tensor.defined() && tensor.is_cpu(); }
  const at::Tensor &value() const { return tensor; }

 private:
  at::Tensor tensor;
};

template <>
class Given<const at::Scalar &> {
 public:
  static constexpr c10::TypeKind kind = c10::TypeKind::NumberType;

  Given(const ts_value *in, const Default &fallback) {
    if (in == nullptr || in->tag == TS_TAG_DEFAULT) {
      if (fallback) given = &*fallback;
    } else if (in->tag == TS_TAG_INT) {
      given = &scalar.emplace(in->i);
    } else if (in->tag == TS_TAG_FLOAT) {
      given = &scalar.emplace(in->re);
    }
  }
  Given(const Given &) = delete;
  Given &operator=(const Given &) = delete;

  bool plain() const { return given != nullptr; }
  const at::Scalar &value() const { return *given; }

 private:
  std::optional<at::Scalar> scalar;
  const at::Scalar *given = nullptr;
};

template <class... A>
class Form final : public Direct {
 public:
  // It throws when the operator was registered with other C++ types.
  explicit Form(const c10::OperatorHandle &op) : op(op.typed<at::Tensor(A...)>()) {
    for (size_t i = 0; i < sizeof...(A); i++) defaults[i] = default_of(op.schema().arguments()[i]);
  }

  static bool fits(const c10::FunctionSchema &schema) {
    const auto &takes = schema.arguments();
    const auto &gives = schema.returns();
    if (takes.size() != sizeof...(A) || gives.size() != 1 || gives[0].type()->kind() != c10::TypeKind::TensorType) return false;
    if (gives[0].alias_info() != nullptr && gives[0].alias_info()->isWrite()) return false;
    size_t i = 0;
    return ((takes[i++].type()->kind() == Given<A>::kind) && ...);
  }

  bool call(const ts_value *in, size_t n, at::Tensor &out) const override {
    return n <= sizeof...(A) && call(in, n, out, std::index_sequence_for<A...>());
  }

 private:
  template <size_t... I>
  bool call(const ts_value *in, size_t n, at::Tensor &out, std::index_sequence<I...>) const {
    return call(out, Given<A>(I < n ? in + I : nullptr, defaults[I])...);
  }

  bool call(at::Tensor &out, const Given<A> &...given) const {
    if (!(given.plain() && ...)) return false;
    out = op.call(given.value()...);
    return true;
  }

  const c10::TypedOperatorHandle<at::Tensor(A...)> op;
  std::array<Default, sizeof...(A)> defaults;
};

template <class F>
bool take(const c10::OperatorHandle &op, std::unique_ptr<const Direct> &made) {
  if (F::fits(op.schema())) made = std::make_unique<const F>(op);
  return made != nullptr;
}

}  // namespace

std::unique_ptr<const Direct> direct(const c10::OperatorHandle &op) {
  using T = const at::Tensor &;
  using S = const at::Scalar &;
  std::unique_ptr<const Direct> made;
  try {
    take<Form<T>>(op, made) || take<Form<T, T>>(op, made) || take<Form<T, T, T>>(op, made) || take<Form<T, S>>(op, made) || take<Form<T, T, S>>(op, made);
  } catch (const c10::Error &) {
    // Registered by a library with arguments of other C++ types.
  }
  return made;
}

}  // namespace torchgo
