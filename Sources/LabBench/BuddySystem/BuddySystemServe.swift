import LabKit

/// A worker's life with a submission of the BuddySystem lab; see ``serve(driver:)``.
public func serve<A: PageAllocator>(_ type: A.Type) -> Never {
  serve(driver: BuddySystemDriver<A>.self)
}
