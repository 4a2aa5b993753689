"""Mirror channels: closed under dependencies, verified byte for byte, switched by one pointer, carried across an air gap."""
