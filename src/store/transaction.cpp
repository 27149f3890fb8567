#include "store/transaction.h"

namespace junctor {
Rows Snapshot::query_params(std::string_view sql, std::span<const SqlParam> params) {
  Rows rows;
  const RowVisitor visit = [&](const Row& row) {
    std::vector<Cell> cells;
    cells.reserve(static_cast<std::size_t>(row.columns()));
    for (int i = 0; i < row.columns(); ++i) cells.push_back(row.cell(i));
    rows.add(Rows::Owned(std::move(cells)));
  };
  session_.run(sql, params, &visit);
  return rows;
}

// A hook may add further hooks.
void Transaction::finish_closure() {
  for (std::size_t i = 0; i < before_commit_.size(); ++i) {
    const auto hook = std::move(before_commit_[i]);
    hook(*this);
  }
}

}  // namespace junctor
