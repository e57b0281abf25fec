import Synchronization

/// Where failures can be injected.
public enum FaultPoint: String, CaseIterable, Hashable, Sendable {
  /// Blocks of pages.
  case pages = "fail_page_alloc"
  /// Objects of caches, and so `kmalloc`.
  case objects = "failslab"
}

/// What is injected at each point; asks no lock while nothing is.
final class FaultPoints: Sendable {
  private let anyActive = Atomic<Bool>(false)
  private let injections = Locked<[FaultPoint: FaultInjection]>([:])

  subscript(point: FaultPoint) -> FaultInjection? {
    anyActive.load(ordering: .relaxed) ? injections.withLock { $0[point] } : nil
  }

  func shouldFail(order: Int, gfp: GFPFlags) -> Bool {
    self[.pages]?.shouldFail(order: order, gfp: gfp) ?? false
  }

  func set(_ injection: FaultInjection?, at point: FaultPoint, cpus: [CPU]) {
    injections.withLock { injections in
      injections[point] = injection
      anyActive.store(!injections.isEmpty, ordering: .relaxed)
      for cpu in cpus {
        let bits = CPUGuard.allocation
        if injections.isEmpty {
          cpu.state.pointee.guarded.slowBits.bitwiseAnd(~bits, ordering: .sequentiallyConsistent)
        } else {
          cpu.state.pointee.guarded.slowBits.bitwiseOr(bits, ordering: .sequentiallyConsistent)
        }
      }
    }
  }
}

extension Machine {
  /// Makes requests fail from now on, in place of what was injected at this point before.
  ///
  /// While nothing is injected anywhere this costs the allocators' fast paths nothing; while something is, every
  /// allocation takes the slow path. Failures are announced in ``log``.
  /// - Returns: the injection, whose counts tell how many requests it saw and failed.
  /// - Throws: ``FaultPatternError`` for a pattern with a member out of range.
  @discardableResult
  public func injectFaults(
    _ pattern: FaultPattern, at point: FaultPoint = .pages
  ) throws(FaultPatternError) -> FaultInjection {
    let injection = try FaultInjection(pattern, name: point.rawValue, log: log)
    faultPoints.set(injection, at: point, cpus: cpus)
    return injection
  }

  /// Lets requests succeed again.
  public func stopFaults(at point: FaultPoint = .pages) {
    faultPoints.set(nil, at: point, cpus: cpus)
  }

  /// What is injected at a point; nil while nothing is.
  public func faults(at point: FaultPoint) -> FaultInjection? { faultPoints[point] }
}
