/// Stands first in a state that others reach by its atomics while somebody changes its other members.
///
/// A change of a member in place (`state.pointee.count += 1`) looks to the thread sanitizer like a change of the whole
/// state's first byte, too. Were that a lock's byte, each try to take the lock would be reported as a race. And what
/// is not under the same lock as the other members has to be assigned, not changed in place.
struct FirstByte {
  private let unused: UInt8 = 0
}
