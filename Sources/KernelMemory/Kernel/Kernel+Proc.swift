extension Kernel {
  /// The files under `/proc` that show memory.
  public enum ProcFile: String, CaseIterable, Hashable, Sendable {
    case buddyinfo, meminfo, pagetypeinfo, slabinfo, vmallocinfo, zoneinfo
  }

  /// The text that a file under `/proc` would have at this moment, in Linux's own format.
  public func proc(_ file: ProcFile) -> String {
    switch file {
    case .buddyinfo: machine.buddyinfo
    case .meminfo: machine.meminfo
    case .pagetypeinfo: machine.pagetypeinfo
    case .slabinfo: slab.slabinfo
    case .vmallocinfo: areas.vmallocinfo
    case .zoneinfo: machine.zoneinfo
    }
  }
}
