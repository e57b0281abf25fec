import Foundation

/// An allocator that others made, served by the C library's names after it was loaded before the C library.
struct BenchPeer: Equatable {
  let name: String
  /// Names of the library's file, newest first; none for the system's own.
  let libraries: [String]
  /// Where it can be had.
  let package: String

  static let all = [
    BenchPeer(name: "system", libraries: [], package: ""),
    BenchPeer(
      name: "jemalloc", libraries: ["libjemalloc.so.2"], package: "Debian: libjemalloc2"),
    BenchPeer(
      name: "mimalloc",
      libraries: ["libmimalloc.so.3", "libmimalloc.so.2", "libmimalloc.so.2.0", "libmimalloc.so"],
      package: "Debian: libmimalloc2.0"),
    BenchPeer(
      name: "tcmalloc",
      libraries: ["libtcmalloc_minimal.so.4", "libtcmalloc_minimal.so", "libtcmalloc.so.4"],
      package: "Debian: libtcmalloc-minimal4"),
  ]

  /// The library's file, or nil where the system has none. The dynamic loader looks for it, in its own folders.
  func library() -> String? {
    for library in libraries {
      if let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL) {
        defer { dlclose(handle) }
        if let path = Self.file(of: dlsym(handle, "malloc")) { return path }
      } else if let path = Self.searched(library) {
        // It may be unwilling to come late: some want more thread-local memory than there is then.
        return path
      }
    }
    return nil
  }

  /// The file that `symbol` comes from, as `/proc/self/maps` tells; nil where there is none.
  static func file(of symbol: UnsafeMutableRawPointer?) -> String? {
    let address = UInt(bitPattern: symbol)
    for line in systemFile("/proc/self/maps").split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      let ends = words[0].split(separator: "-").map { UInt($0, radix: 16) ?? 0 }
      guard words.count == 6, ends.count == 2, ends[0] <= address, address < ends[1] else {
        continue
      }
      return String(words[5].drop { $0 == " " })
    }
    return nil
  }

  private static func searched(_ library: String) -> String? {
    var folders = ["/usr/local/lib", "/usr/lib64", "/usr/lib", "/lib"]
    #if arch(x86_64)
      folders.insert("/usr/lib/x86_64-linux-gnu", at: 0)
    #elseif arch(arm64)
      folders.insert("/usr/lib/aarch64-linux-gnu", at: 0)
    #endif
    return folders.map { "\($0)/\(library)" }.first { access($0, R_OK) == 0 }
  }

  /// The `malloc` and `free` that this process runs with, as a contestant.
  ///
  /// Their own addresses, so that no shim stands between; the context they are handed beside is one argument more
  /// than they take, which the C calling conventions of all systems allow.
  static func loaded(name: String) throws(Failure) -> BenchSubject {
    guard let malloc = dlsym(nil, "malloc"), let free = dlsym(nil, "free") else {
      throw .input("the system's dynamic loader knows no malloc")
    }
    return BenchSubject(
      name: name, allocate: unsafeBitCast(malloc, to: BenchSubject.Allocate.self),
      free: unsafeBitCast(free, to: BenchSubject.Free.self), context: nil, base: nil, shift: 0)
  }

  /// Memory that this process has at this moment, in bytes; nil where the system does not say.
  static func residentBytes() -> Int? {
    let fields = systemFile("/proc/self/statm").split(separator: " ")
    return fields.count > 1 ? Int(fields[1]).map { $0 * Int(getpagesize()) } : nil
  }
}

/// The text of a file that the system writes as it is read; empty where there is none.
///
/// Such files have no size, which other ways of reading a whole file rely on.
func systemFile(_ path: String) -> String {
  guard let file = fopen(path, "r") else { return "" }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 14)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { return String(decoding: bytes, as: UTF8.self) }
    bytes += buffer[..<count]
  }
}
