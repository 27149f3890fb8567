#include "support/faulty_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace junctor::test {
namespace {

constexpr std::int64_t sector = 512;

// What the process believes a file holds; shared by all its handles.
struct Image {
  std::mutex mutex;
  std::map<std::int64_t, std::vector<char>> unsynced;  // by sector number
  sqlite3_int64 size = -1;                              // believed; -1: as on disk
};

struct State {
  Unsynced unsynced = Unsynced::dropped;
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Image>> images;
  std::minstd_rand random;
  std::atomic<std::uint64_t> syncs{0};
  std::atomic<std::int64_t> room{-1};  // writes that still fit; negative: all
  sqlite3_vfs* below = nullptr;
};
State& state() {
  static State value;
  return value;
}

struct File {
  sqlite3_file base;
  std::shared_ptr<Image>* image;
  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

std::int64_t believed_size(File& file) {
  Image& image = **file.image;
  if (image.size < 0) file.below()->pMethods->xFileSize(file.below(), &image.size);
  return image.size;
}

// The sector as it should read now.
std::vector<char> load(File& file, std::int64_t number) {
  Image& image = **file.image;
  const auto found = image.unsynced.find(number);
  if (found != image.unsynced.end()) return found->second;
  std::vector<char> bytes(sector, 0);
  sqlite3_int64 disk = 0;
  file.below()->pMethods->xFileSize(file.below(), &disk);
  const std::int64_t count = std::min<std::int64_t>(sector, disk - number * sector);
  if (count > 0)
    file.below()->pMethods->xRead(file.below(), bytes.data(), static_cast<int>(count), number * sector);
  return bytes;
}

int read(sqlite3_file* raw, void* out, int count, sqlite3_int64 offset) {
  File& file = of(raw);
  std::lock_guard lock((*file.image)->mutex);
  const std::int64_t size = believed_size(file);
  char* to = static_cast<char*>(out);
  std::memset(to, 0, static_cast<std::size_t>(count));
  const std::int64_t end = std::min<std::int64_t>(offset + count, size);
  for (std::int64_t at = offset; at < end;) {
    const std::int64_t number = at / sector, begin = at % sector;
    const std::int64_t part = std::min(sector - begin, end - at);
    const auto bytes = load(file, number);
    std::memcpy(to + (at - offset), bytes.data() + begin, static_cast<std::size_t>(part));
    at += part;
  }
  return offset + count > size ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

bool reaches_the_disk_early() {
  State& all = state();
  if (all.unsynced == Unsynced::dropped) return false;
  std::lock_guard lock(all.mutex);
  return all.random() % 4 == 0;
}

bool takes_room() {
  std::int64_t room = state().room.load();
  while (room > 0 && !state().room.compare_exchange_weak(room, room - 1)) {
  }
  return room != 0;
}

int write(sqlite3_file* raw, const void* in, int count, sqlite3_int64 offset) {
  if (!takes_room()) return SQLITE_FULL;
  File& file = of(raw);
  std::lock_guard lock((*file.image)->mutex);
  const char* from = static_cast<const char*>(in);
  const std::int64_t end = offset + count;
  const std::int64_t size = std::max<std::int64_t>(believed_size(file), end);
  for (std::int64_t at = offset; at < end;) {
    const std::int64_t number = at / sector, begin = at % sector;
    const std::int64_t part = std::min(sector - begin, end - at);
    auto bytes = load(file, number);
    std::memcpy(bytes.data() + begin, from + (at - offset), static_cast<std::size_t>(part));
    if (reaches_the_disk_early())
      file.below()->pMethods->xWrite(file.below(), bytes.data(), static_cast<int>(sector),
                                     number * sector);
    (*file.image)->unsynced[number] = std::move(bytes);
    at += part;
  }
  (*file.image)->size = size;
  return SQLITE_OK;
}

int truncate(sqlite3_file* raw, sqlite3_int64 size) {
  File& file = of(raw);
  std::lock_guard lock((*file.image)->mutex);
  auto& unsynced = (*file.image)->unsynced;
  unsynced.erase(unsynced.lower_bound((size + sector - 1) / sector), unsynced.end());
  (*file.image)->size = size;
  return SQLITE_OK;
}

int sync(sqlite3_file* raw, int flags) {
  File& file = of(raw);
  std::lock_guard lock((*file.image)->mutex);
  Image& image = **file.image;
  ++state().syncs;
  const std::int64_t size = believed_size(file);
  for (const auto& [number, bytes] : image.unsynced)
    file.below()->pMethods->xWrite(file.below(), bytes.data(), static_cast<int>(sector),
                                   number * sector);
  image.unsynced.clear();
  file.below()->pMethods->xTruncate(file.below(), size);
  return file.below()->pMethods->xSync(file.below(), flags);
}

int file_size(sqlite3_file* raw, sqlite3_int64* size) {
  File& file = of(raw);
  std::lock_guard lock((*file.image)->mutex);
  *size = believed_size(file);
  return SQLITE_OK;
}

int close(sqlite3_file* raw) {
  File& file = of(raw);
  const int code = file.below()->pMethods->xClose(file.below());
  delete file.image;
  return code;
}

// The rest goes straight to the file system below.
int lock(sqlite3_file* f, int a) { return of(f).below()->pMethods->xLock(of(f).below(), a); }
int unlock(sqlite3_file* f, int a) { return of(f).below()->pMethods->xUnlock(of(f).below(), a); }
int reserved(sqlite3_file* f, int* a) {
  return of(f).below()->pMethods->xCheckReservedLock(of(f).below(), a);
}
int control(sqlite3_file* f, int a, void* b) {
  // No hint may size the real file ahead of the believed one.
  if (a == SQLITE_FCNTL_SIZE_HINT || a == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
  return of(f).below()->pMethods->xFileControl(of(f).below(), a, b);
}
int sector_size(sqlite3_file*) { return static_cast<int>(sector); }
int characteristics(sqlite3_file*) { return 0; }
int shm_map(sqlite3_file* f, int a, int b, int c, void volatile** d) {
  return of(f).below()->pMethods->xShmMap(of(f).below(), a, b, c, d);
}
int shm_lock(sqlite3_file* f, int a, int b, int c) {
  return of(f).below()->pMethods->xShmLock(of(f).below(), a, b, c);
}
void shm_barrier(sqlite3_file* f) { of(f).below()->pMethods->xShmBarrier(of(f).below()); }
int shm_unmap(sqlite3_file* f, int a) { return of(f).below()->pMethods->xShmUnmap(of(f).below(), a); }

const sqlite3_io_methods methods = {
    2,       close,    read,        write,           truncate, sync,     file_size,   lock,     unlock,
    reserved, control, sector_size, characteristics, shm_map,  shm_lock, shm_barrier, shm_unmap,
    nullptr, nullptr};

int open(sqlite3_vfs*, const char* name, sqlite3_file* raw, int flags, int* out_flags) {
  File& file = of(raw);
  file.base.pMethods = nullptr;
  const int code = state().below->xOpen(state().below, name, file.below(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  std::lock_guard lock_all(state().mutex);
  auto image = std::make_shared<Image>();
  if (name != nullptr) {
    auto& known = state().images[name];
    if (!known) known = image;
    image = known;
  }
  file.image = new std::shared_ptr<Image>(image);
  file.base.pMethods = &methods;
  return SQLITE_OK;
}

int remove(sqlite3_vfs*, const char* name, int sync_folder) {
  {
    std::lock_guard lock_all(state().mutex);
    state().images.erase(name);
  }
  return state().below->xDelete(state().below, name, sync_folder);
}

}  // namespace

void register_faulty_vfs(Unsynced unsynced, std::uint32_t seed) {
  static sqlite3_vfs vfs;
  State& all = state();
  all.unsynced = unsynced;
  all.random.seed(seed);
  all.below = sqlite3_vfs_find(nullptr);
  vfs = *all.below;
  vfs.pNext = nullptr;
  vfs.zName = "junctor-faulty";
  vfs.szOsFile = static_cast<int>(sizeof(File)) + all.below->szOsFile;
  vfs.xOpen = open;
  vfs.xDelete = remove;
  sqlite3_vfs_register(&vfs, 0);
}

void faulty_vfs_set_room(std::int64_t writes) { state().room = writes; }

std::uint64_t faulty_vfs_syncs() { return state().syncs; }

}  // namespace junctor::test
