#include "kernel.h"

#include <ATen/CPUFunctions.h>
#include <torch/csrc/jit/ir/constants.h>

#include <utility>

namespace torchgo {
namespace {

using torch::jit::Node;

// is_plain tells whether the dispatcher would send a tensor to the CPU's kernels and nowhere else, and whether those
// are at their best with it.
bool is_plain(const c10::IValue &v) {
  static const c10::DispatchKeySet inference = [] {
    c10::InferenceMode on;
    return at::empty({0}).key_set();
  }();
  static const c10::DispatchKeySet ordinary = [] {
    c10::InferenceMode off(false);
    return at::empty({0}).key_set();
  }();
  if (!v.isTensor()) return false;
  const at::Tensor &t = v.toTensor();
  if (!t.defined() || (t.key_set() != inference && t.key_set() != ordinary)) return false;
  return t.scalar_type() == at::kFloat || t.scalar_type() == at::kDouble;
}

// Result is where a kernel's result goes.
class Result {
 public:
  Result(size_t out, Place place) : out(out), place(place) {}

  // ready gives a tensor that is kept and of this form, and that nobody else refers to; else null.
  at::Tensor *ready(Workspace &w, at::IntArrayRef sizes, at::ScalarType type) const {
    if (!place.keeps) return nullptr;
    at::Tensor &kept = w.kept[*place.keeps];
    if (!kept.defined() || kept.use_count() != 1 || kept.storage().use_count() != 1) return nullptr;
    return kept.sizes() == sizes && kept.scalar_type() == type && kept.is_contiguous() ? &kept : nullptr;
  }

  bool over() const { return place.over; }

  void put(Workspace &w, at::Tensor made) const {
    if (place.keeps) w.kept[*place.keeps] = made;
    w.registers[out] = std::move(made);
  }

  // fill is put for a tensor that is kept already.
  void fill(Workspace &w, const at::Tensor &kept) const { w.registers[out] = kept; }

 private:
  const size_t out;
  const Place place;
};

void done_with(Workspace &w, const Operand &o) {
  if (o.last) w.registers[o.at] = c10::IValue();
}

// Linear is x·weightᵀ + bias with constants, of rows x. The bias is added afterwards: libtorch's own kernel
// copies it to every row beforehand, which takes longer than the rest of a small product.
class Linear final : public Kernel {
 public:
  Linear(at::Tensor transposed, at::Tensor bias, Operand in, Result result, std::unique_ptr<const Kernel> boxed)
      : transposed(std::move(transposed)), bias(std::move(bias)), in(in), result(result), boxed(std::move(boxed)) {}

  void run(Workspace &w) const override {
    const c10::IValue &given = w.registers[in.at];
    if (!is_plain(given)) return boxed->run(w);
    const at::Tensor &x = given.toTensor();
    if (x.dim() != 2 || x.size(1) != transposed.size(0) || x.scalar_type() != transposed.scalar_type()) return boxed->run(w);
    if (at::Tensor *kept = result.ready(w, {x.size(0), transposed.size(1)}, x.scalar_type())) {
      at::cpu::mm_out(*kept, x, transposed);
      if (bias.defined()) at::cpu::add_(*kept, bias);
      result.fill(w, *kept);
    } else {
      at::Tensor made = at::cpu::mm(x, transposed);
      if (bias.defined()) at::cpu::add_(made, bias);
      result.put(w, std::move(made));
    }
    done_with(w, in);
  }

 private:
  const at::Tensor transposed, bias;
  const Operand in;
  const Result result;
  const std::unique_ptr<const Kernel> boxed;
};

// Elementwise is how an elementwise operator is called: for a new result, and into one that is there.
template <class... T>
struct Elementwise {
  at::Tensor (*make)(const T &...);
  void (*fill)(at::Tensor &out, const T &...);
};

using Unary = Elementwise<at::Tensor>;
using Binary = Elementwise<at::Tensor, at::Tensor>;

class Map final : public Kernel {
 public:
  Map(Unary form, Operand in, Result result, std::unique_ptr<const Kernel> boxed)
      : form(form), in(in), result(result), boxed(std::move(boxed)) {}

  void run(Workspace &w) const override {
    const c10::IValue &given = w.registers[in.at];
    if (!is_plain(given)) return boxed->run(w);
    const at::Tensor &x = given.toTensor();
    if (result.over()) {
      at::Tensor same = x;
      form.fill(same, same);
      result.fill(w, same);
    } else if (at::Tensor *kept = x.is_contiguous() ? result.ready(w, x.sizes(), x.scalar_type()) : nullptr) {
      form.fill(*kept, x);
      result.fill(w, *kept);
    } else {
      result.put(w, form.make(x));
    }
    done_with(w, in);
  }

 private:
  const Unary form;
  const Operand in;
  const Result result;
  const std::unique_ptr<const Kernel> boxed;
};

class Zip final : public Kernel {
 public:
  Zip(Binary form, Operand a, Operand b, Result result, std::unique_ptr<const Kernel> boxed)
      : form(form), a(a), b(b), result(result), boxed(std::move(boxed)) {}

  void run(Workspace &w) const override {
    if (!is_plain(w.registers[a.at]) || !is_plain(w.registers[b.at])) return boxed->run(w);
    const at::Tensor &x = w.registers[a.at].toTensor(), &y = w.registers[b.at].toTensor();
    const bool alike = x.sizes() == y.sizes() && x.scalar_type() == y.scalar_type() && x.is_contiguous() && y.is_contiguous();
    if (at::Tensor *kept = alike ? result.ready(w, x.sizes(), x.scalar_type()) : nullptr) {
      form.fill(*kept, x, y);
      result.fill(w, *kept);
    } else {
      result.put(w, form.make(x, y));
    }
    done_with(w, a);
    done_with(w, b);
  }

 private:
  const Binary form;
  const Operand a, b;
  const Result result;
  const std::unique_ptr<const Kernel> boxed;
};

// The operators, with their overloads.
const std::unordered_map<std::string, Unary> &unary() {
  using T = at::Tensor;
  static const std::unordered_map<std::string, Unary> known{
      {"aten::relu", {[](const T &x) { return at::cpu::clamp_min(x, 0); }, [](T &out, const T &x) { at::cpu::clamp_min_out(out, x, 0); }}},
      {"aten::sigmoid", {[](const T &x) { return at::cpu::sigmoid(x); }, [](T &out, const T &x) { at::cpu::sigmoid_out(out, x); }}},
      {"aten::tanh", {[](const T &x) { return at::cpu::tanh(x); }, [](T &out, const T &x) { at::cpu::tanh_out(out, x); }}},
  };
  return known;
}

const std::unordered_map<std::string, Binary> &binary() {
  using T = at::Tensor;
  static const std::unordered_map<std::string, Binary> known{
      {"aten::add.Tensor", {[](const T &x, const T &y) { return at::cpu::add(x, y); }, [](T &out, const T &x, const T &y) { at::cpu::add_out(out, x, y); }}},
      {"aten::sub.Tensor", {[](const T &x, const T &y) { return at::cpu::sub(x, y); }, [](T &out, const T &x, const T &y) { at::cpu::sub_out(out, x, y); }}},
      {"aten::mul.Tensor", {[](const T &x, const T &y) { return at::cpu::mul(x, y); }, [](T &out, const T &x, const T &y) { at::cpu::mul_out(out, x, y); }}},
  };
  return known;
}

// name_of gives the operator with its overload.
std::string name_of(const Node *n) {
  const auto *schema = n->maybeSchema();
  if (schema == nullptr) return "";
  return schema->overload_name().empty() ? schema->name() : schema->name() + "." + schema->overload_name();
}

// is_one tells whether an input is the constant 1, as the factor alpha of a sum mostly is.
bool is_one(const torch::jit::Value *v) {
  auto constant = torch::jit::toIValue(v);
  return constant && constant->isInt() && constant->toInt() == 1;
}

// weights_of gives the transposed weight and the bias of a product with constants.
std::optional<std::pair<at::Tensor, at::Tensor>> weights_of(const Node *n) {
  if (name_of(n) != "aten::linear") return {};
  auto weight = torch::jit::toIValue(n->input(1)), bias = torch::jit::toIValue(n->input(2));
  if (!weight || !bias || !is_plain(*weight)) return {};
  const at::Tensor &matrix = weight->toTensor();
  if (matrix.dim() != 2) return {};
  if (bias->isNone()) return std::pair(matrix.t(), at::Tensor());
  if (!is_plain(*bias)) return {};
  const at::Tensor &row = bias->toTensor();
  if (row.dim() != 1 || row.size(0) != matrix.size(0) || row.scalar_type() != matrix.scalar_type()) return {};
  return std::pair(matrix.t(), row);
}

bool is_binary(const Node *n) {
  if (binary().count(name_of(n)) == 0) return false;
  return n->inputs().size() == 2 || is_one(n->input(2));
}

}  // namespace

bool works_in_place(const Node *n) { return unary().count(name_of(n)) != 0; }

bool has_unboxed(const Node *n) { return works_in_place(n) || is_binary(n) || weights_of(n).has_value(); }

std::unique_ptr<const Kernel> unboxed(const Node *n, std::vector<Operand> in, size_t out, Place place, std::unique_ptr<const Kernel> boxed) {
  Result result(out, place);
  if (works_in_place(n)) return std::make_unique<const Map>(unary().at(name_of(n)), in[0], result, std::move(boxed));
  if (is_binary(n)) return std::make_unique<const Zip>(binary().at(name_of(n)), in[0], in[1], result, std::move(boxed));
  auto weights = weights_of(n);
  return std::make_unique<const Linear>(std::move(weights->first), std::move(weights->second), in[0], result, std::move(boxed));
}

}  // namespace torchgo
