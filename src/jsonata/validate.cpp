#include <algorithm>

#include "jsonata/evaluator.h"

namespace junctor::jsonata {
namespace {

std::string_view plural(std::string_view type) {
  if (type == "a") return "arrays";
  if (type == "b") return "booleans";
  if (type == "f") return "functions";
  if (type == "n") return "numbers";
  if (type == "o") return "objects";
  if (type == "s") return "strings";
  return type;
}

// Assigns arguments to parameters as the regular expression of a signature would.
class Matcher {
 public:
  Matcher(const Signature& signature, std::span<const Value> args)
      : params_(signature.params), args_(args), counts_(params_.size()) {}

  // How many arguments each of the first `params` takes; all arguments when `complete`.
  bool match(std::size_t params, bool complete) {
    last_ = params;
    complete_ = complete;
    return step(0, 0);
  }
  const std::vector<std::size_t>& counts() const { return counts_; }
  std::size_t used() const { return used_; }

 private:
  bool accepts(std::size_t param, std::size_t arg) const {
    return params_[param].accepts & type_bit(args_[arg].tag);
  }

  bool step(std::size_t param, std::size_t arg) {
    if (++steps_ > 100'000) return false;
    if (param == last_) {
      used_ = arg;
      return !complete_ || arg == args_.size();
    }
    const SignatureParam& p = params_[param];
    const std::size_t most = p.many ? args_.size() - arg : 1;
    std::size_t taken = 0;
    while (taken < most && arg + taken < args_.size() && accepts(param, arg + taken)) ++taken;
    const std::size_t least = p.optional ? 0 : 1;
    for (;; --taken) {
      if (taken < least) return false;
      counts_[param] = taken;
      if (step(param + 1, arg + taken)) return true;
      if (taken == 0) return false;
    }
  }

  const std::vector<SignatureParam>& params_;
  std::span<const Value> args_;
  std::vector<std::size_t> counts_;
  std::size_t last_ = 0;
  std::size_t used_ = 0;
  std::size_t steps_ = 0;  // a bound on signatures made to be slow
  bool complete_ = false;
};

}  // namespace

void Evaluator::check_array_argument(const SignatureParam& param, Value arg,
                                     std::size_t index, std::size_t matched) {
  if (param.subtype.empty()) return;
  bool good = true;
  if (!arg.is_array()) {
    good = matched == 1 && param.subtype.size() == 1 && (type_bit(arg.tag) & param.subtype_bit);
  } else {
    const std::size_t size = array_size(arg);
    for (std::size_t i = 0; i < size && good; ++i) {
      tick();
      good = type_bit(array_at(arg, i).tag) & param.subtype_bit;
    }
  }
  if (!good) {
    fault("T0412", {.value = std::string(plural(param.subtype)), .index = index + 1});
  }
}

// One argument per parameter, each as it stands, and nothing to be taken from the context.
bool Evaluator::fits_in_order(const Signature& signature, std::span<const Value> args) {
  const auto& params = signature.params;
  if (!signature.plain || args.size() > params.size()) return false;
  std::size_t i = 0;
  for (; i < args.size(); ++i) {
    if (!(params[i].accepts & type_bit(args[i].tag))) return false;
  }
  for (; i < params.size(); ++i) {
    if (!params[i].optional || params[i].context) return false;
  }
  return true;
}

void Evaluator::wrap_arrays(const Signature& signature, std::span<Value> args) {
  if (!signature.takes_arrays) return;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (signature.params[i].type != 'a' || args[i].is_undefined()) continue;
    check_array_argument(signature.params[i], args[i], i, 1);
    if (args[i].is_array()) continue;
    Array* one = new_array(1);
    push(one, args[i]);
    args[i] = Value::of(one);
  }
}

std::span<Value> Evaluator::validate(const Signature& signature, std::span<Value> args,
                                     Value context) {
  if (args.size() == signature.params.size() && fits_in_order(signature, args)) {
    wrap_arrays(signature, args);
    return args;
  }
  const auto& params = signature.params;
  Matcher matcher(signature, args);
  if (!matcher.match(params.size(), true)) fail_validation(signature, args);
  std::vector<Value> valid;
  std::size_t at = 0;
  for (std::size_t p = 0; p < params.size(); ++p) {
    const std::size_t count = matcher.counts()[p];
    if (count == 0) {
      if (!params[p].context) {
        valid.push_back(at < args.size() ? args[at] : Value{});
        ++at;
      } else if (params[p].accepts & type_bit(context.tag)) {
        valid.push_back(context);
      } else {
        fault("T0411", {.value = describe(context), .index = at + 1});
      }
    }
    for (std::size_t k = 0; k < count; ++k, ++at) {
      Value arg = args[at];
      if (params[p].type == 'a' && arg.is_defined()) {
        check_array_argument(params[p], arg, at, count);
        if (!arg.is_array()) {
          Array* one = new_array(1);
          push(one, arg);
          arg = Value::of(one);
        }
      }
      valid.push_back(arg);
    }
  }
  auto* out = mem.make_array<Value>(valid.size());
  std::copy(valid.begin(), valid.end(), out);
  return {out, valid.size()};
}

void Evaluator::fail_validation(const Signature& signature, std::span<Value> args) {
  std::size_t good = 0;
  Matcher matcher(signature, args);
  for (std::size_t p = 1; p <= signature.params.size(); ++p) {
    if (!matcher.match(p, false)) break;
    good = matcher.used();
  }
  fault("T0410", {.value = good < args.size() ? describe(args[good]) : "", .index = good + 1});
}

}  // namespace junctor::jsonata
