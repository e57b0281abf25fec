import KernelMemory

/// What `kmem replay` and `kmem procfs` are told on the command line.
struct ReplayOptions: Equatable {
  /// The recording; `-` is standard input.
  var path = ""
  /// nil: as the file's beginning tells.
  var format: RecordingFormat?
  /// nil: as the recording, or its name, tells.
  var kernel: String?
  var machine = MachineKind.x86_64
  /// In bytes; nil: as fits the recording.
  var memory: Int?
  var check = CheckMode.amortised
  var json = false
  /// Where what `/proc` said on the recorded machine lies; nil: where it is found near the recording.
  var snapshot: String?

  /// A size in bytes, such as `512M`, `4GiB` or `67108864`; nil when it is none.
  static func size(_ text: String) -> Int? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int(digits), number > 0 else { return nil }
    let units = ["": 0, "B": 0, "K": 10, "M": 20, "G": 30, "T": 40]
    let unit = text.dropFirst(digits.count).uppercased()
    let letter = unit.count > 1 && unit.hasSuffix("IB") ? String(unit.dropLast(2)) : unit
    guard let shift = units[letter], shift > 0 || !unit.hasSuffix("IB") else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
    return overflow ? nil : bytes
  }

  /// `bytes` in the largest unit that leaves a short number: `512 MiB`.
  static func describe(bytes: Int) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] where bytes >= 1 << shift {
      let tenths = (bytes * 10 + 1 << (shift - 1)) >> shift
      return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return "\(bytes) bytes"
  }
}
