import Foundation
import KernelMemory

/// What `/proc` said on the recorded machine, before or after a recording.
struct Snapshot {
  /// One line of slabinfo.
  struct Cache: Codable, Equatable {
    var name: String
    var activeObjects: Int
    var objects: Int
    /// Bytes of a slot.
    var size: Int
    var slabs: Int
    var pages: Int
  }

  var caches: [Cache] = []
  /// Lines of vmallocinfo; those that were freed and wait for a purge marked.
  var areas: [(range: Range<VirtualAddress>, isFreed: Bool)] = []

  var slabPages: Int { caches.reduce(0) { $0 + $1.pages } }

  /// The part of slab pages that holds no object in use.
  var waste: Double {
    let used = caches.reduce(0) { $0 + $1.activeObjects * $1.size }
    return slabPages == 0 ? 0 : 1 - Double(used) / Double(slabPages * pageSize)
  }

  /// Reads the files of one folder: `slabinfo` and `vmallocinfo`, each with or without `.txt`. Nil when neither is there.
  init?(folder: String) {
    func text(_ name: String) -> String? {
      for file in ["\(folder)/\(name).txt", "\(folder)/\(name)"] {
        if let data = FileManager.default.contents(atPath: file) {
          return String(decoding: data, as: UTF8.self)
        }
      }
      return nil
    }
    let (slabinfo, vmallocinfo) = (text("slabinfo"), text("vmallocinfo"))
    if slabinfo == nil && vmallocinfo == nil { return nil }
    caches = Self.caches(slabinfo ?? "")
    areas = Self.areas(vmallocinfo ?? "")
  }

  /// The lines of a slabinfo text; what is none is passed over.
  static func caches(_ text: String) -> [Cache] {
    text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count >= 16, words[6] == ":", let active = Int(words[1]),
        let objects = Int(words[2]), let size = Int(words[3]), let perSlab = Int(words[5]),
        let slabs = Int(words[14])
      else { return nil }
      return Cache(
        name: String(words[0]), activeObjects: active, objects: objects, size: size, slabs: slabs,
        pages: slabs * perSlab)
    }
  }

  /// The lines of a vmallocinfo text; what is none is passed over.
  static func areas(_ text: String) -> [(range: Range<VirtualAddress>, isFreed: Bool)] {
    text.split(separator: "\n").compactMap { line in
      let ends = line.split(separator: " ").first?.split(separator: "-") ?? []
      let numbers = ends.compactMap { UInt64($0.dropFirst(2), radix: 16) }
      guard numbers.count == 2, numbers[0] < numbers[1] else { return nil }
      return (
        VirtualAddress(numbers[0])..<VirtualAddress(numbers[1]), line.hasSuffix("unpurged vm_area")
      )
    }
  }
}

/// The snapshots that belong to a recording.
struct Snapshots {
  var before: Snapshot?
  var after: Snapshot?

  /// Looks for `NAME.before` and `NAME.after` in `folder`, or beside the recording at `path` and in `snapshots` near it;
  /// a folder that holds the files themselves is what was after the recording.
  init(of path: String, folder: String?) throws(Failure) {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    let name = file.split(separator: ".trace").first.map(String.init) ?? file
    let place = path.contains("/") ? String(path[..<path.lastIndex(of: "/")!]) : "."
    let prefixes =
      folder.map { ["\($0)/\(name)", $0] } ?? [
        "\(place)/\(name)", "\(place)/snapshots/\(name)", "\(place)/../snapshots/\(name)",
      ]
    for prefix in prefixes where before == nil && after == nil {
      before = Snapshot(folder: prefix + ".before")
      after = Snapshot(folder: prefix + ".after")
    }
    guard let folder, before == nil, after == nil else { return }
    after = Snapshot(folder: folder)
    if after == nil {
      throw .usage(
        "--snapshot: \(folder) holds neither \(name).after nor slabinfo.txt nor vmallocinfo.txt")
    }
  }
}
