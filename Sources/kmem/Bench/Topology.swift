import Foundation

/// The processors that this process may use, and which of them share a core.
struct Topology: Codable, Equatable {
  /// Processors that the system schedules on.
  var processors: Int
  /// Physical cores among them; nil where the system does not say.
  var cores: Int?
  /// Processors by core, such as `[[0, 4], [1, 5]]`.
  var siblings: [[Int]]
  /// What the processor calls itself.
  var model: String?

  /// Reads `/sys/devices/system/cpu` and `/proc/cpuinfo` below `root`.
  init(root: String = "/", allowed: [Int]? = Topology.allowedProcessors()) {
    let numbers = allowed ?? Array(0..<ProcessInfo.processInfo.activeProcessorCount)
    processors = numbers.count
    var byCore: [String: [Int]] = [:]
    for number in numbers {
      let folder = root + "sys/devices/system/cpu/cpu\(number)/topology/"
      guard let core = Self.word(folder + "core_id") else { continue }
      byCore["\(Self.word(folder + "physical_package_id") ?? "0") \(core)", default: []]
        .append(number)
    }
    siblings = byCore.values.sorted { $0[0] < $1[0] }
    cores = siblings.isEmpty ? nil : siblings.count
    model = systemFile(root + "proc/cpuinfo").split(separator: "\n").first {
      $0.hasPrefix("model name")
    }
    .flatMap { $0.split(separator: ":").last.map { $0.drop { $0 == " " } } }.map(String.init)
  }

  private static func word(_ path: String) -> String? {
    let text = systemFile(path).trimmingCharacters(in: .whitespacesAndNewlines)
    return text.isEmpty ? nil : text
  }

  /// The numbers of the processors that this process may run on; nil where the system does not say.
  static func allowedProcessors(status: String = "/proc/self/status") -> [Int]? {
    let label = "Cpus_allowed_list:"
    guard let line = systemFile(status).split(separator: "\n").first(where: { $0.hasPrefix(label) })
    else {
      return nil
    }
    let ranges = line.dropFirst(label.count).trimmingCharacters(in: .whitespaces).split(
      separator: ",")
    return ranges.flatMap { range -> [Int] in
      let ends = range.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last else { return [] }
      return Array(first...last)
    }
  }

  /// `2 processors on 2 cores: 0 | 1`.
  var text: String {
    let count = "\(processors) processor\(processors == 1 ? "" : "s")"
    guard let cores else { return count + "; the system does not say how many cores" }
    let groups = siblings.map { $0.map(String.init).joined(separator: "+") }
    return "\(count) on \(cores) core\(cores == 1 ? "" : "s") (\(groups.joined(separator: " | ")))"
  }
}
