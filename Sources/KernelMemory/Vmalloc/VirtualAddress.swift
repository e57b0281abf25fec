/// An address that goes through page tables: of the kernel's half, or of a process.
///
/// Addresses of the 32-bit machine have zeros above. No pointer of this process: ``Vmalloc`` and ``AddressSpace``
/// translate it.
@frozen
public struct VirtualAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt64

  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable public static func < (a: VirtualAddress, b: VirtualAddress) -> Bool {
    a.rawValue < b.rawValue
  }

  /// The address `bytes` further; wraps at the end of all addresses, as a processor's does.
  @inlinable public static func + (address: VirtualAddress, bytes: Int) -> VirtualAddress {
    VirtualAddress(address.rawValue &+ UInt64(bitPattern: Int64(bytes)))
  }

  @inlinable public static func - (address: VirtualAddress, bytes: Int) -> VirtualAddress {
    address + -bytes
  }

  /// How many bytes lie from `other` to this address.
  @inlinable public func distance(from other: VirtualAddress) -> Int {
    Int(truncatingIfNeeded: rawValue &- other.rawValue)
  }

  /// Bytes from the start of the page.
  @inlinable public var offsetInPage: Int {
    Int(truncatingIfNeeded: rawValue & UInt64(pageSize - 1))
  }

  /// The start of the page.
  @inlinable public var page: VirtualAddress {
    VirtualAddress(rawValue & ~UInt64(pageSize - 1))
  }

  /// With all 16 digits, as the kernel prints it: `0xffffc90000000000`.
  public var description: String { "0x" + hexadecimal(rawValue, digits: 16) }
}

/// A number in base 16 with leading zeros.
func hexadecimal(_ number: UInt64, digits: Int) -> String {
  let text = String(number, radix: 16)
  return String(repeating: "0", count: max(digits - text.utf8.count, 0)) + text
}

/// `number` rounded up to a multiple of `alignment`, a power of two; nil when that overflows.
@inlinable
func roundedUp(_ number: UInt64, to alignment: UInt64) -> UInt64? {
  let (sum, overflow) = number.addingReportingOverflow(alignment - 1)
  return overflow ? nil : sum & ~(alignment - 1)
}
